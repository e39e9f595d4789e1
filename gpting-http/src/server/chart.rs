//! A line chart as SVG: one line per method over the crowding of a market.
//!
//! Called by `simulate`. Numbers in, text out; knows nothing of markets. Lines are told apart by colour, by dashes and by
//! their names at the right end, so that the chart can be read without colours.

use std::fmt::{self, Write as _};

/// Size of the picture.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 600.0;
/// The frame of the plot in it: left, top, right, bottom.
const FRAME: [f64; 4] = [80.0, 60.0, 780.0, 540.0];
/// Height of a name.
const LINE: f64 = 16.0;
const COLOURS: [&str; 9] =
    ["#1b6ca8", "#c8553d", "#2a9d5c", "#8e5ea2", "#b58900", "#5c6770", "#d6336c", "#0a8f8f", "#7a4a21"];
const DASHES: [&str; 3] = ["none", "7 4", "2 3"];

/// What a chart shows.
pub(super) struct Chart<'a> {
    /// Above the plot.
    pub(super) title: &'a str,
    /// Where the lines have their points, ascending.
    pub(super) crowdings: &'a [f64],
    /// A name and a value, not below 0, per crowding.
    pub(super) lines: &'a [(&'a str, Vec<f64>)],
}

impl fmt::Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [left, top, right, bottom] = FRAME;
        writeln!(
            f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{left}\" y=\"32\" font-size=\"17\">{}</text>",
            escaped(self.title)
        )?;
        let (step, most) = self.scale();
        let y = |value: f64| bottom - (bottom - top) * value / most;
        let x = |crowding: f64| left + (right - left) * crowding;
        for tick in (0..).map(f64::from).take_while(|tick| *tick <= (most / step).round()) {
            let value = tick * step;
            let at = y(value);
            writeln!(f, "<line x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>")?;
            writeln!(f, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>", left - 8.0, at + 4.0)?;
        }
        for crowding in self.crowdings {
            let (at, below) = (x(*crowding), bottom + 20.0);
            writeln!(f, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{crowding}</text>")?;
        }
        let middle = f64::midpoint(left, right);
        writeln!(
            f,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">crowding: 0 private tastes, 1 everybody agrees</text>",
            bottom + 44.0
        )?;
        let mut ends: Vec<(usize, f64)> =
            self.lines.iter().map(|(_, values)| y(values.last().copied().unwrap_or(0.0))).enumerate().collect();
        spread(&mut ends, top, bottom);
        for (number, (name, values)) in self.lines.iter().enumerate() {
            let style = (COLOURS[number % COLOURS.len()], DASHES[number / COLOURS.len() % DASHES.len()]);
            let points: Vec<(f64, f64)> =
                self.crowdings.iter().zip(values).map(|(crowding, value)| (x(*crowding), y(*value))).collect();
            draw(f, name, style, &points, ends[number].1)?;
        }
        writeln!(f, "</svg>")
    }
}

impl Chart<'_> {
    /// A round step between ticks, and the value at the top: at most eight steps.
    fn scale(&self) -> (f64, f64) {
        let most = self.lines.iter().flat_map(|(_, values)| values).fold(0.0_f64, |most, value| most.max(*value));
        let rough = (most / 8.0).max(1e-3);
        let ten = 10.0_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * ten).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * ten);
        (step, step * (most / step).ceil().max(1.0))
    }
}

fn draw(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    (colour, dashes): (&str, &str),
    points: &[(f64, f64)],
    label: f64,
) -> fmt::Result {
    let mut path = String::new();
    for (x, y) in points {
        write!(path, "{x:.1},{y:.1} ")?;
    }
    writeln!(
        f,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
        path.trim_end()
    )?;
    for (x, y) in points {
        writeln!(f, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>")?;
    }
    if let Some((x, y)) = points.last() {
        let (near, far) = (x + 6.0, x + 26.0);
        writeln!(
            f,
            "<line x1=\"{near:.1}\" x2=\"{far:.1}\" y1=\"{y:.1}\" y2=\"{label:.1}\" stroke=\"{colour}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            far + 4.0,
            label + 4.0,
            escaped(name)
        )?;
    }
    Ok(())
}

/// Moves the names of lines apart, in their order from top to bottom, and gives them back by number.
fn spread(ends: &mut [(usize, f64)], top: f64, bottom: f64) {
    ends.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let mut least = top;
    for (_, at) in ends.iter_mut() {
        *at = at.max(least);
        least = *at + LINE;
    }
    let mut most = bottom.max(top + LINE * ends.len() as f64);
    for (_, at) in ends.iter_mut().rev() {
        *at = at.min(most);
        most = *at - LINE;
    }
    ends.sort_by_key(|(number, _)| *number);
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_shows_every_line_inside_its_frame() {
        let lines: Vec<(&str, Vec<f64>)> =
            ["a", "b<c", "d"].into_iter().map(|name| (name, vec![738.0, 430.0, 273.5])).collect();
        let chart = Chart { title: "x & y", crowdings: &[0.0, 0.5, 1.0], lines: &lines };
        let svg = chart.to_string();
        assert_eq!(chart.scale(), (100.0, 800.0));
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert_eq!(svg.matches("<circle").count(), 9);
        assert!(svg.contains("x &amp; y") && svg.contains("b&lt;c") && !svg.contains("NaN"));
        // The best possible value is at 738 of 800 of the height.
        assert!(svg.contains(&format!("80.0,{:.1}", 540.0 - 480.0 * 738.0 / 800.0)), "{svg}");
    }

    #[test]
    fn names_do_not_cover_each_other() {
        let mut ends: Vec<(usize, f64)> = (0..17).map(|number| (number, 530.0)).collect();
        spread(&mut ends, 60.0, 540.0);
        let mut places: Vec<f64> = ends.iter().map(|(_, at)| *at).collect();
        places.sort_by(f64::total_cmp);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-9) && places[16] <= 540.0);
        assert!(ends.iter().enumerate().all(|(at, (number, _))| at == *number));
    }

    #[test]
    fn nothing_at_all_is_still_a_chart() {
        let svg = Chart { title: "", crowdings: &[0.0], lines: &[("none", vec![0.0])] }.to_string();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
