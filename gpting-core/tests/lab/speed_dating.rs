//! Speed dating on made-up evenings: what is planted is found, and what is not there is not.
//!
//! The table itself is not part of this crate; the command line, which can read it, tests the published figures.

use gpting_core::lab::Stream;
use gpting_core::lab::speed_dating::{Columns, Dates, Figure, Protocol, Report};

const ABOUT: [&str; 9] = ["iid", "pid", "gender", "wave", "order", "int_corr", "samerace", "dec", "match"];
const TOLD: &str = "age imprace imprelig income date go_out exphappy expnum race goal field_cd career_c sports tvsports \
                    exercise dining museums art hiking gaming clubbing reading tv theater movies concerts music shopping \
                    yoga attr1_1 sinc1_1 intel1_1 fun1_1 amb1_1 shar1_1 attr2_1 sinc2_1 intel2_1 fun2_1 amb2_1 shar2_1 \
                    attr3_1 sinc3_1 intel3_1 fun3_1 amb3_1";
/// People of one gender at an evening.
const GUESTS: usize = 8;

/// Who somebody is: what they tell, and what they do not.
struct Guest {
    told: Vec<f64>,
    readiness: f64,
    appeal: f64,
}

/// Some evenings; `logit` is what one thinks of the other.
fn evenings(waves: usize, logit: impl Fn(&Guest, &Guest) -> f64) -> Dates {
    let told: Vec<&str> = TOLD.split_whitespace().collect();
    let columns = Columns::find(ABOUT.iter().chain(&told).copied()).expect("all columns");
    let mut stream = Stream::new(11);
    let normal = |stream: &mut Stream| (0..12).map(|_| stream.unit()).sum::<f64>() - 6.0;
    let mut rows = Vec::new();
    for wave in 1..=waves {
        let guests: Vec<Guest> = (0..2 * GUESTS)
            .map(|_| Guest {
                told: told.iter().map(|_| 1.0 + (9.0 * stream.unit()).floor()).collect(),
                readiness: normal(&mut stream),
                appeal: normal(&mut stream),
            })
            .collect();
        for (woman, man) in (0..GUESTS).flat_map(|a| (0..GUESTS).map(move |b| (a, b))) {
            let (one, other) = (&guests[woman], &guests[GUESTS + man]);
            let mut says = |from: &Guest, to: &Guest| stream.unit() < 1.0 / (1.0 + (-logit(from, to)).exp());
            let answers = [says(one, other), says(other, one)];
            for (male, yes) in answers.into_iter().enumerate() {
                let ids = [wave * 100 + woman, wave * 100 + 50 + man];
                let mut cells: Vec<String> = [ids[male], ids[1 - male], male, wave, 1 + (man + woman) % GUESTS]
                    .map(|number| number.to_string())
                    .to_vec();
                cells.extend(["0.1".to_owned(), "0".to_owned()]);
                cells.extend([yes, answers[0] && answers[1]].map(|yes| u8::from(yes).to_string()));
                cells.extend([one, other][male].told.iter().map(f64::to_string));
                rows.push(columns.row(|at| cells.get(at).map_or("", String::as_str)).expect("a row"));
            }
        }
    }
    Dates::new(rows)
}

fn report(dates: &Dates, protocol: &str, is_reversed: bool) -> Report {
    protocol.parse::<Protocol>().expect("a protocol").evaluate(dates, is_reversed, 2, &|_, _| ())
}

fn of(figure: Option<Figure>) -> f64 {
    let figure = figure.expect("a figure that is defined");
    assert!(figure.low <= figure.value && figure.value <= figure.high, "{figure:?}");
    figure.value
}

/// Where every answer is a coin of its own, whatever is predicted better than by chance has seen the answers.
#[test]
fn nothing_leaks() {
    let dates = evenings(21, |_, _| -0.2);
    for (protocol, is_reversed) in [("main", true), ("half", true)] {
        let model = report(&dates, protocol, is_reversed).model;
        for figure in [model.decision_auc, model.match_auc, model.match_uauc] {
            assert!((of(figure) - 0.5).abs() < 0.1, "{protocol} {is_reversed}: {model:?}");
        }
        assert!(of(model.ece) < 0.1, "{model:?}");
    }
}

#[test]
fn what_people_tell_is_learned_from_other_evenings() {
    // Everybody wants somebody of about their own second interest, and early to rise.
    let dates = evenings(21, |from, to| 1.5 - 0.6 * (from.told[13] - to.told[13]).abs() + 0.25 * (to.told[12] - 5.0));
    let main = report(&dates, "main", false);
    assert_eq!((main.dates, main.people), (7 * 2 * GUESTS * GUESTS, 7 * 2 * GUESTS));
    let model = &main.model;
    assert!(of(model.decision_auc) > 0.7 && of(model.match_auc) > 0.7 && of(model.match_uauc) > 0.7, "{model:?}");
    assert!(of(model.brier) < main.base_brier, "{model:?}");
    let chance = &main.baselines[0];
    assert!((of(chance.match_auc) - 0.5).abs() < 0.02 && chance.ece.is_none(), "{chance:?}");
}

#[test]
fn every_evening_is_left_out_once() {
    let dates = evenings(4, |from, to| 3.0 - (from.told[13] - to.told[13]).abs());
    let lowo = report(&dates, "lowo", false);
    assert_eq!((lowo.dates, lowo.people), (4 * 2 * GUESTS * GUESTS, 4 * 2 * GUESTS));
    assert!(of(lowo.model.decision_auc) > 0.65, "{:?}", lowo.model);
    assert_eq!(lowo, report(&dates, "lowo", true), "there is nothing to swap");
    let threads = Protocol::LeaveOneWaveOut.evaluate(&dates, false, 1, &|_, _| ());
    assert_eq!(lowo, threads);
    // The later evenings are not there.
    let main = report(&dates, "main", false);
    assert_eq!((main.dates, main.model.match_auc), (0, None));
}

#[test]
fn half_an_evening_tells_who_people_are() {
    let dates = evenings(21, |from, to| -0.3 + 1.4 * from.readiness + 1.0 * to.appeal);
    let half = report(&dates, "half", false);
    let content = half.baselines.iter().find(|baseline| baseline.name == "sign-up answers").expect("a baseline");
    assert!(of(half.model.decision_auc) > 0.65 && of(half.model.match_auc) > 0.6, "{:?}", half.model);
    assert!(of(content.decision_auc) < 0.57, "what people do not tell is not in what they tell: {content:?}");
    // Seven evenings, the second half of 64 dates each, from both sides.
    assert_eq!((half.people, half.dates), (7 * 2 * GUESTS, 7 * GUESTS * GUESTS));
}
