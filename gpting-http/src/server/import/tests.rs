use std::io::Write as _;

use flate2::write::GzEncoder;
use gpting_core::Gpting;
use gpting_core::id::MemberId;
use gpting_core::profile::Member;
use gpting_core::store::{FeedCursor, FeedEntry, MemoryStore, Store};

use super::*;

/// Remembers what it hears.
#[derive(Default)]
struct Heard {
    rejected: Vec<(u64, String)>,
    last: Option<(Summary, u64, u64)>,
}

impl Progress for Heard {
    fn rejected(&mut self, line: u64, reason: &str) {
        self.rejected.push((line, reason.to_owned()));
    }

    fn advanced(&mut self, so_far: Summary, read: u64, total: u64) {
        self.last = Some((so_far, read, total));
    }
}

struct Rig {
    g: Gpting,
    store: Arc<MemoryStore>,
    folder: tempfile::TempDir,
}

impl Rig {
    async fn new() -> Self {
        let store = Arc::new(MemoryStore::default());
        let g = Gpting::builder_on(Arc::<MemoryStore>::clone(&store)).build().await.unwrap();
        Self { g, store, folder: tempfile::tempdir().unwrap() }
    }

    async fn import(&self, content: &[u8]) -> (Result<Summary, ImportError>, Heard) {
        let file = self.folder.path().join("people");
        std::fs::write(&file, content).unwrap();
        let mut heard = Heard::default();
        let done = import(&self.g, &file, None, &mut heard).await;
        (done, heard)
    }

    async fn members(&self) -> Vec<Member> {
        let (entries, _) = self.store.members_changed(FeedCursor::default(), 10_000).await.unwrap();
        let mut members: Vec<Member> = entries
            .into_iter()
            .filter_map(|entry| match entry {
                FeedEntry::Put(row) => Some(row.value),
                FeedEntry::Gone(_) => None,
            })
            .collect();
        members.sort_by(|a, b| a.source.cmp(&b.source));
        members
    }
}

fn summary(imported: u64, unchanged: u64, rejected: u64) -> Summary {
    Summary { imported, unchanged, rejected }
}

const OKCUPID: &str = "age,body_type,diet,drinks,drugs,education,ethnicity,height,income,job,offspring,orientation,\
    pets,religion,sex,sign,smokes,speaks,status\n\
    29,fit,vegan,socially,never,graduated from ph.d program,white,70,-1,student,,straight,has dogs,judaism,m,leo,no,english,single\n\
    29,fit,vegan,socially,never,graduated from ph.d program,white,70,-1,student,,straight,has dogs,judaism,m,leo,no,english,single\n\
    17,fit,,,,,,,-1,,,gay,,,m,,,english,single\n\
    31,average,,,,,,,-1,,,gay,,,f,,,english,single\n\
    31,average,,,,,,,-1,,,gay,,,x,,,english,single\n\
    31,average\n";

#[tokio::test]
async fn okcupid_rows_become_members_who_can_be_met() {
    let rig = Rig::new().await;
    let (done, heard) = rig.import(OKCUPID.as_bytes()).await;
    assert_eq!(done.unwrap(), summary(3, 0, 3));
    let reasons: Vec<(u64, &str)> = heard.rejected.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
    assert_eq!(reasons, [(4, "age: too young (17)"), (6, "sex: unknown"), (7, "malformed: 2 cells instead of 19")]);
    let members = rig.members().await;
    let (men, women): (Vec<&Member>, Vec<&Member>) =
        members.iter().partition(|member| member.profile.gender == Some(gpting_core::Gender::M));
    assert_eq!((men.len(), women.len()), (2, 1));
    for member in &members {
        assert!(member.is_visible() && member.profile.location.is_some());
        assert!((3..=8).contains(&member.profile.interests.len()));
        assert!(member.source.as_ref().unwrap().starts_with("okcupid#"));
        assert!(!member.profile.attributes.contains_key("religion"), "nobody agreed to that");
    }
    assert_eq!(women[0].preferences.genders, ["F"]);
    assert_eq!(men[0].preferences.genders, ["F"]);
    assert_ne!(men[0].source, men[1].source, "equal rows are two people");
    assert_eq!(men[0].profile.attributes, men[1].profile.attributes);
    for member in men {
        let born = member.profile.birth_date.unwrap();
        assert_eq!(gpting_core::safety::age::full_age(born, jiff::civil::date(2026, 1, 1)), 29, "{born}");
        assert_eq!(born.year(), 1996);
    }
}

#[tokio::test]
async fn a_second_run_changes_nothing_however_the_file_is_packed() {
    let rig = Rig::new().await;
    assert_eq!(rig.import(OKCUPID.as_bytes()).await.0.unwrap(), summary(3, 0, 3));
    let before = rig.members().await;
    // Two members of a gzip file, as `cat a.gz b.gz` makes.
    let (head, tail) = OKCUPID.split_at(100);
    let mut packed = Vec::new();
    for part in [head, tail] {
        let mut encoder = GzEncoder::new(&mut packed, flate2::Compression::default());
        encoder.write_all(part.as_bytes()).unwrap();
        encoder.finish().unwrap();
    }
    let (done, heard) = rig.import(&packed).await;
    assert_eq!(done.unwrap(), summary(0, 3, 3));
    assert_eq!(rig.members().await, before);
    let (last, read, total) = heard.last.unwrap();
    assert_eq!((last, read, total), (summary(0, 3, 3), packed.len() as u64, packed.len() as u64));
}

#[tokio::test]
async fn what_is_made_up_is_made_up_alike_everywhere() {
    let (here, there) = (Rig::new().await, Rig::new().await);
    here.import(OKCUPID.as_bytes()).await.0.unwrap();
    there.import(OKCUPID.as_bytes()).await.0.unwrap();
    let (here, there) = (here.members().await, there.members().await);
    for (a, b) in here.iter().zip(&there) {
        assert_eq!((&a.source, &a.profile, &a.preferences), (&b.source, &b.profile, &b.preferences));
        assert_ne!(a.id, b.id, "ids are random");
    }
    let ids: std::collections::HashSet<MemberId> = here.iter().map(|member| member.id).collect();
    assert_eq!(ids.len(), 3);
}

const LINES: &str = r#"{"id": 7, "nickname": "한강러버", "gender": "F", "birth_date": "1995-06-07", "bio": "안녕하세요", "interests": ["gym"], "attributes": {"height": 165, "religion": "buddhist"}, "location": "서울 마포구", "preferences": {"genders": ["M"], "age_min": 25, "age_max": 35, "max_distance_km": 50}, "consents": [{"purpose": "sensitive", "version": "2026-01"}]}

{"id": "b", "gender": "male", "age": 40, "latitude": 37.5, "longitude": 127.0, "attributes": {"religion": "buddhist"}}
{"id": "7", "gender": "M", "age": 30}
{"id": "c", "gender": "M", "age": 30, "height": 180}
{"id": "d", "gender": "M", "age": 30, "attributes": {"height": 999, "mood": "good"}}
{"id": "e", "gender": "M", "birth_date": "2020-01-01"}
{"id": "f", "gender": "robot", "age": 30}
{"id": "g", "gender": "M"}
{"id": "h", "gender": "M", "age": 30, "location": "Atlantis"}
{"gender": "M", "age": 30
{"gender": "M", "age": 30}
{"age": 30, "gender": "M"}
"#;

#[tokio::test]
async fn json_lines_are_held_to_the_rules_of_the_api() {
    let rig = Rig::new().await;
    let (done, heard) = rig.import(LINES.as_bytes()).await;
    assert_eq!(done.unwrap(), summary(4, 0, 8));
    let lines: Vec<u64> = heard.rejected.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8, 9, 10, 11]);
    for ((_, reason), part) in heard.rejected.iter().zip([
        "appeared before",
        "`height`",
        "attributes.height: not within 130 to 220",
        "too young",
        "gender: unknown",
        "birth_date: missing",
        "location:",
        "malformed",
    ]) {
        assert!(reason.contains(part), "{reason} should tell of {part}");
    }
    let members = rig.members().await;
    let sources: Vec<&str> = members.iter().map(|member| member.source.as_deref().unwrap()).collect();
    assert!(sources.contains(&"import:7") && sources.contains(&"import:b"), "{sources:?}");
    assert_eq!(sources.iter().filter(|source| source.starts_with("import#")).count(), 2);
    let first = &members[sources.iter().position(|source| *source == "import:7").unwrap()];
    assert_eq!(first.profile.nickname, "한강러버");
    assert_eq!(first.profile.birth_date.unwrap(), jiff::civil::date(1995, 6, 7));
    assert!(first.profile.attributes.contains_key("religion"), "consented");
    assert_eq!((first.preferences.age_min, first.preferences.max_distance_km), (25, Some(50)));
    let second = &members[sources.iter().position(|source| *source == "import:b").unwrap()];
    assert!(!second.profile.attributes.contains_key("religion"), "not consented");
    // The order of fields does not make another person: the last two rows are equal, and are told apart by number.
    assert_eq!(rig.import(LINES.as_bytes()).await.0.unwrap(), summary(0, 4, 8));
    let fewer = "{\"age\": 30, \"gender\": \"M\"}\n";
    assert_eq!(rig.import(fewer.as_bytes()).await.0.unwrap(), summary(0, 1, 0));
}

#[tokio::test]
async fn a_table_of_ones_own_has_the_same_fields() {
    let rig = Rig::new().await;
    let table = "id,nickname,gender,age,interests,height,languages,genders,age_min,location\n\
        1,하나,F,30,gym;yoga,170,korean;english,M;F,25,부산 해운대구\n\
        2,\"두,울\",M,x,,,,,,\n\
        3,셋,M,33,,,,,,\n";
    let (done, heard) = rig.import(table.as_bytes()).await;
    assert_eq!(done.unwrap(), summary(2, 0, 1));
    assert_eq!(heard.rejected, [(3, "age: not a whole number".to_owned())]);
    let members = rig.members().await;
    assert_eq!(members[0].profile.interests, ["gym", "yoga"]);
    assert_eq!(members[0].preferences.genders, ["M", "F"]);
    assert_eq!(members[0].preferences.age_min, 25);
    assert_eq!(members[0].profile.attributes.len(), 2);
    assert!(members[1].preferences.genders.is_empty(), "who wished for nobody is shown to nobody");
    assert_eq!(rig.import(table.as_bytes()).await.0.unwrap(), summary(0, 2, 1));
}

#[tokio::test]
async fn an_import_goes_on_where_it_was_cut_off() {
    let rig = Rig::new().await;
    let rows: Vec<String> = (0..2_500).map(|n| format!("{{\"id\": {n}, \"gender\": \"F\", \"age\": 30}}\n")).collect();
    assert_eq!(rig.import(rows[..1_200].concat().as_bytes()).await.0.unwrap(), summary(1_200, 0, 0));
    assert_eq!(rig.import(rows.concat().as_bytes()).await.0.unwrap(), summary(1_300, 1_200, 0));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_whole() {
    let rig = Rig::new().await;
    for bad in ["id,favourite_colour\n1,red\n", "id,id\n1,1\n", "<xml/>\n"] {
        let (done, _) = rig.import(bad.as_bytes()).await;
        assert!(matches!(done, Err(ImportError::Columns { .. })), "{bad}: {done:?}");
    }
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(LINES.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    let (done, _) = rig.import(&packed[..packed.len() / 2]).await;
    assert!(matches!(done, Err(ImportError::Read(_))), "{done:?}");
    let missing = import(&rig.g, Path::new("/nowhere/at/all"), None, &mut Heard::default()).await;
    assert!(matches!(missing, Err(ImportError::Read(_))));
    let source = import(&rig.g, Path::new("/nowhere"), Some("a:b"), &mut Heard::default()).await;
    assert!(matches!(source, Err(ImportError::Source)));
}

#[tokio::test]
async fn lines_that_are_no_text_or_far_too_long_are_one_rejected_row() {
    let rig = Rig::new().await;
    let good = b"{\"id\": 1, \"gender\": \"F\", \"age\": 30}\n";
    let long = format!("{{\"bio\": \"{}\"}}\n", "x".repeat(600_000));
    let content = [
        b"\xef\xbb\xbf".as_slice(),
        good,
        b"{\"bio\": \"\xff\xfe\"}\n",
        long.as_bytes(),
        b"[1]\n",
        b"{\"id\": 2, \"gender\": \"F\", \"age\": 30}",
    ];
    let (done, heard) = rig.import(&content.concat()).await;
    assert_eq!(done.unwrap(), summary(2, 0, 3));
    assert_eq!(heard.rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4]);
}
