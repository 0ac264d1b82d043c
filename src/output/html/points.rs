//! A point per request. Many points are reduced to as many as a screen can show: the smallest and
//! the largest value of each moment stay.

use serde::Serialize;

/// Up to this number, all points are kept.
const ALL: u64 = 4_000;
/// Beyond it, the run is divided into at most this number of moments.
const MOMENTS: u64 = 1_000;
/// The shortest moment, in microseconds. Moments double in length until there are few enough.
const SHORTEST: u64 = 1_000;

/// A request's value of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// End of the request, in microseconds since the run's start.
    pub(super) at: u64,
    /// Number of the request.
    pub(super) request: u64,
    /// The value, in thousandths of the metric's unit.
    pub(super) value: u64,
}

/// The points of a metric. The order in which points are added does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    of: u64,
    /// All points, while they are few.
    all: Vec<Point>,
    /// The reduced points, once there are many.
    moments: Vec<Moment>,
    /// How often the length of a moment has doubled.
    doublings: u32,
}

impl Points {
    /// Adds a point.
    pub(super) fn add(&mut self, point: Point) {
        self.of += 1;
        if self.of <= ALL {
            self.all.push(point);
            return;
        }
        for point in std::mem::take(&mut self.all) {
            self.reduce(point);
        }
        self.reduce(point);
    }

    fn reduce(&mut self, point: Point) {
        while (point.at / SHORTEST) >> self.doublings >= MOMENTS {
            self.doublings += 1;
            self.moments = self.moments.chunks(2).map(Moment::joined).collect();
        }
        let place = (point.at / SHORTEST) >> self.doublings;
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        if self.moments.len() <= place {
            self.moments.resize(place + 1, Moment::default());
        }
        self.moments[place].add(point);
    }

    /// The kept points in order of time.
    fn sorted(&self) -> Vec<Point> {
        let reduced = self.moments.iter().flat_map(Moment::points);
        let mut points: Vec<_> = self.all.iter().copied().chain(reduced).collect();
        points.sort_unstable();
        points.dedup();
        points
    }

    /// The points as the page has them.
    pub(super) fn packed(&self) -> Packed {
        let points = self.sorted();
        let differences = |value: fn(&Point) -> u64| {
            let mut before = 0;
            let difference = |point| {
                let value = value(point).cast_signed();
                value - std::mem::replace(&mut before, value)
            };
            points.iter().map(difference).collect()
        };
        Packed {
            of: self.of,
            t: differences(|point| (point.at + 500) / 1_000),
            n: differences(|point| point.request),
            v: points.iter().map(|point| point.value).collect(),
        }
    }
}

/// The points that stand for a moment: the smallest, the largest, and two others.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    smallest: Option<Point>,
    largest: Option<Point>,
    others: [Option<Point>; 2],
}

impl Moment {
    fn add(&mut self, point: Point) {
        let size = |point: &Point| (point.value, *point);
        if self.smallest.is_none_or(|p| size(&point) < size(&p)) {
            self.smallest = Some(point);
        }
        if self.largest.is_none_or(|p| size(&point) > size(&p)) {
            self.largest = Some(point);
        }
        let chance = |point: &Point| (crate::random::step(point.request), *point);
        let [first, second] = &mut self.others;
        if first.is_none_or(|p| chance(&point) < chance(&p)) {
            *second = first.replace(point);
        } else if *first != Some(point) && second.is_none_or(|p| chance(&point) < chance(&p)) {
            *second = Some(point);
        }
    }

    fn joined(pair: &[Moment]) -> Moment {
        let mut joined = Moment::default();
        for point in pair.iter().flat_map(Moment::points) {
            joined.add(point);
        }
        joined
    }

    fn points(&self) -> impl Iterator<Item = Point> + use<> {
        let [first, second] = self.others;
        [self.smallest, self.largest, first, second]
            .into_iter()
            .flatten()
    }
}

/// Points as the page has them: times and numbers as differences to the ones before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Packed {
    of: u64,
    t: Vec<i64>,
    n: Vec<i64>,
    v: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(request: u64) -> Point {
        Point {
            at: request * 777 % 60_000_000,
            request,
            value: 1_000 + crate::random::step(request) % 500,
        }
    }

    fn points(requests: impl Iterator<Item = u64>) -> Points {
        let mut points = Points::default();
        requests.for_each(|request| points.add(point(request)));
        points
    }

    #[test]
    fn a_few_points_are_kept_whole_and_in_order_of_time() {
        let mut points = Points::default();
        for (at, request, value) in [(2_500, 1, 7), (1_499, 2, 9), (9_000, 3, 8)] {
            points.add(Point { at, request, value });
        }
        let expected = Packed {
            of: 3,
            t: vec![1, 2, 6],
            n: vec![2, -1, 2],
            v: vec![9, 7, 8],
        };
        assert_eq!(points.packed(), expected);
        assert_eq!(self::points(0..4_000).sorted().len(), 4_000);
    }

    #[test]
    fn one_outlier_in_a_million_stays() {
        let mut points = points(0..1_000_000);
        points.add(Point {
            value: 10_000_000,
            ..point(321_321)
        });
        let packed = points.packed();
        assert_eq!(packed.of, 1_000_001);
        assert_eq!(packed.v.iter().max(), Some(&10_000_000));
        assert_eq!(packed.v.iter().min(), Some(&1_000));
        assert!(packed.v.len() <= 4_000, "{}", packed.v.len());
        assert!(packed.v.len() > 1_800, "{}", packed.v.len());
    }

    #[test]
    fn which_points_are_kept_does_not_depend_on_their_order() {
        let forth = points(0..50_000).sorted();
        assert_eq!(forth, points((0..50_000).rev()).sorted());
    }
}
