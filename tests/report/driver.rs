//! A small client of `WebDriver` (<https://www.w3.org/TR/webdriver2/>): a headless Chromium of the
//! test's own, which ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::directory::Directory;
use crate::runs::Page;

/// How long tests wait for the browser: long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One test at a time uses the browser: two would slow each other down.
static TURN: Mutex<()> = Mutex::new(());

/// The browser of all tests that run or wait for their turn: starting one takes seconds.
static SHARED: Mutex<Weak<Session>> = Mutex::new(Weak::new());

/// A browser with one page, until the test ends.
pub struct Browser {
    session: Arc<Session>,
    #[expect(dead_code, reason = "held until the test ends")]
    turn: MutexGuard<'static, ()>,
}

/// Chromium under chromedriver, both ended when dropped.
struct Session {
    agent: ureq::Agent,
    url: String,
    driver: Child,
    /// Kept open: writing to a closed pipe would end chromedriver.
    output: BufReader<ChildStdout>,
    profile: Directory,
}

impl Session {
    /// The shared one, or a new one.
    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let session = Arc::new(Self::start());
            *shared = Arc::downgrade(&session);
            session
        })
    }

    fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed; tests/run.sh does that");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE));
        // From here on the driver ends with this value.
        let mut session = Self {
            agent: config.build().into(),
            url: String::new(),
            output: BufReader::new(driver.stdout.take().expect("it is piped")),
            driver,
            profile: Directory::new(),
        };
        let mut lines = session.output.by_ref().lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.expect("chromedriver tells its port");
        session.url = format!("http://127.0.0.1:{port}/session");
        let profile = format!("--user-data-dir={}", session.profile.0.display());
        let flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync \
                     --disable-background-networking --disable-component-update \
                     --disable-dev-shm-usage --hide-scrollbars";
        let arguments: Vec<&str> = flags.split(' ').chain([&*profile]).collect();
        let created = session.post(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "timeouts": {"script": 50_000},
                "goog:chromeOptions": {"args": arguments},
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }}}),
        );
        session.url += "/";
        session.url += created["sessionId"].as_str().expect("a session");
        session
    }

    /// A command; its result's value.
    fn post(&self, path: &str, body: &Value) -> Value {
        let response = self
            .agent
            .post(format!("{}{path}", self.url))
            .send(body.to_string());
        let mut response = response.expect("chromedriver answers");
        let text = response.body_mut().read_to_string().expect("an answer");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert!(response.status().is_success(), "{path}: {answer}");
        answer["value"].clone()
    }
}

impl Browser {
    /// A browser with this page, as wide as that in pixels.
    pub fn of(page: &Page, width: u32) -> Self {
        let browser = Self::start(width);
        browser.open(page);
        browser
    }

    /// A browser with an empty page, as wide as that in pixels.
    pub fn start(width: u32) -> Self {
        let session = Session::shared();
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let browser = Self { session, turn };
        // Nothing of the test before may be left.
        browser.pointer("mouse", &[("move", 0.0, 0.0)]);
        browser.post("/url", &json!({"url": "about:blank"}));
        browser.resize(width);
        browser.console();
        browser.requested();
        browser
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.session.post(path, body)
    }

    /// A command of the browser's own protocol.
    fn command(&self, name: &str, parameters: &Value) -> Value {
        let command = json!({"cmd": name, "params": parameters});
        self.post("/goog/cdp/execute", &command)
    }

    /// Sets the page's width in pixels.
    pub fn resize(&self, width: u32) {
        self.command(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": 1_000, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        self.settle();
    }

    /// Opens a page and waits until it is drawn.
    pub fn open(&self, page: &Page) {
        let url = format!("file://{}", page.path().display());
        self.post("/url", &json!({"url": url}));
        self.settle();
    }

    /// Waits two frames: changes are drawn by then.
    pub fn settle(&self) {
        let wait = "const done = arguments[0]; \
                    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0)));";
        self.post("/execute/async", &json!({"script": wait, "args": []}));
    }

    /// Runs a function's body; returns its value, or the value of a promise it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// Waits until a condition holds in the page.
    pub fn eventually(&self, what: &str, condition: &str) {
        let began = Instant::now();
        while self.run(&format!("return {condition}")) != json!(true) {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            self.settle();
        }
    }

    /// The text of the first element that a selector finds.
    pub fn text(&self, selector: &str) -> String {
        let selector = Value::from(selector);
        let found = self.run(&format!(
            "return document.querySelector({selector}).textContent"
        ));
        found.as_str().expect("an element").to_owned()
    }

    /// Checks that the first element that a selector finds contains these words.
    pub fn check_text(&self, selector: &str, words: &str) {
        let text = self.text(selector);
        assert!(text.contains(words), "{selector}: {text}");
    }

    /// Clicks an element.
    pub fn click(&self, selector: &str) {
        let selector = Value::from(selector);
        self.run(&format!("document.querySelector({selector}).click()"));
        self.settle();
    }

    /// Scrolls to a chart; returns its plot's left, top, width and height.
    fn place(&self, chart: &str) -> [f64; 4] {
        let rectangle = self.run(&format!(
            "const canvas = document.querySelector('#chart-{chart} canvas.hover'); \
             canvas.scrollIntoView({{ block: 'center' }}); \
             const box = canvas.getBoundingClientRect(); \
             return [box.left, box.top, box.width, box.height]"
        ));
        self.settle();
        serde_json::from_value(rectangle).expect("a rectangle")
    }

    /// Scrolls to a chart; returns the point at these fractions of its plot's width and height.
    pub fn point(&self, chart: &str, across: f64, down: f64) -> (f64, f64) {
        let [left, top, width, height] = self.place(chart);
        (left + width * across, top + height * down)
    }

    /// The numbers of distinct colours in the plots that a selector finds.
    pub fn colours(&self, plots: &str) -> Vec<u64> {
        let plots = Value::from(plots);
        let counted = self.run(&format!(
            "return [...document.querySelectorAll({plots})].map((canvas) => {{ \
               const {{ data }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); \
               const colours = new Set(); \
               for (let i = 0; i < data.length; i += 4) if (data[i + 3]) colours.add(`${{data[i]}},${{data[i + 1]}},${{data[i + 2]}}`); \
               return colours.size; \
             }})",
        ));
        serde_json::from_value(counted).expect("numbers")
    }

    /// Keeps files that the page saves from here on, instead of downloading them.
    pub fn keep_saved(&self) {
        self.run(
            "window.saved = []; \
             URL.createObjectURL = (blob) => { window.saved.push(blob); return 'blob:none'; }; \
             HTMLAnchorElement.prototype.click = () => {}",
        );
    }

    /// The text of the kept CSV file.
    pub fn saved_csv(&self) -> String {
        let saved = "return window.saved.find((blob) => blob.type === 'text/csv').text()";
        self.run(saved).as_str().expect("a table").to_owned()
    }

    /// Console messages since the last call: errors, warnings and policy violations.
    pub fn console(&self) -> Vec<String> {
        let entries = self.log("browser");
        let messages = entries.iter().map(|entry| entry["message"].to_string());
        messages.collect()
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", &json!({"type": kind}));
        serde_json::from_value(entries).expect("a list")
    }

    /// Addresses requested by pages from files since the last call, including the pages' own.
    pub fn requested(&self) -> Vec<String> {
        let entries = self.log("performance");
        let urls = entries.iter().filter_map(|entry| {
            let entry: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &entry["message"];
            let of_file = message["params"]["documentURL"]
                .as_str()?
                .starts_with("file:");
            let sent = message["method"] == "Network.requestWillBeSent";
            let url = message["params"]["request"]["url"].as_str()?;
            (sent && of_file).then(|| url.to_owned())
        });
        urls.collect()
    }

    /// Performs pointer actions `(action, x, y)`: `move`, `down`, `up`.
    pub fn pointer(&self, kind: &str, steps: &[(&str, f64, f64)]) {
        let actions: Vec<Value> = steps
            .iter()
            .map(|(action, x, y)| match *action {
                "move" => {
                    json!({"type": "pointerMove", "duration": 0, "x": x.round(), "y": y.round()})
                }
                "down" => json!({"type": "pointerDown", "button": 0}),
                _ => json!({"type": "pointerUp", "button": 0}),
            })
            .collect();
        self.act(&json!({
            "type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions,
        }));
    }

    /// Presses a key; special keys by `WebDriver`'s code points.
    pub fn press(&self, key: &str) {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.act(&json!({"type": "key", "id": "keys", "actions": actions}));
    }

    fn act(&self, device: &Value) {
        self.post("/actions", &json!({"actions": [device]}));
        self.settle();
    }

    /// Prints on A4; returns the PDF in Base64.
    pub fn print(&self) -> String {
        let pdf = self.post("/print", &json!({"page": {"width": 21.0, "height": 29.7}}));
        pdf.as_str().expect("a PDF").to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Closes Chromium.
        let _ = self.agent.delete(&self.url).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
