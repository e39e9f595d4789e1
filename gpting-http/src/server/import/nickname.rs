//! Nicknames for people whose row has none: a mood and an animal in Korean, clearly nobody's name.
//!
//! Called by the import with the person's source key. Not unique, as nicknames need not be.

use super::draw::Draw;

const MOODS: [&str; 40] = [
    "느긋한",
    "반짝이는",
    "졸린",
    "용감한",
    "수줍은",
    "신나는",
    "포근한",
    "엉뚱한",
    "차분한",
    "씩씩한",
    "다정한",
    "명랑한",
    "말랑한",
    "든든한",
    "상냥한",
    "호기심많은",
    "나른한",
    "재빠른",
    "고요한",
    "유쾌한",
    "싱그러운",
    "진지한",
    "배고픈",
    "노래하는",
    "춤추는",
    "꿈꾸는",
    "산책하는",
    "책읽는",
    "커피마시는",
    "별보는",
    "여행하는",
    "요리하는",
    "그림그리는",
    "달리는",
    "웃는",
    "생각하는",
    "낮잠자는",
    "바람부는",
    "햇살같은",
    "달빛같은",
];
const ANIMALS: [&str; 40] = [
    "수달",
    "고래",
    "여우",
    "너구리",
    "고슴도치",
    "펭귄",
    "다람쥐",
    "부엉이",
    "사슴",
    "토끼",
    "고양이",
    "강아지",
    "거북이",
    "돌고래",
    "두루미",
    "까치",
    "참새",
    "오리",
    "물범",
    "판다",
    "코알라",
    "알파카",
    "양",
    "염소",
    "사막여우",
    "북극곰",
    "반달곰",
    "하마",
    "코끼리",
    "기린",
    "얼룩말",
    "나무늘보",
    "미어캣",
    "햄스터",
    "앵무새",
    "제비",
    "개구리",
    "달팽이",
    "나비",
    "꿀벌",
];

/// A nickname for the person with this source key: always the same one.
pub(in crate::server) fn made_up(key: &str) -> String {
    let mut draw = Draw::new(key, "nickname");
    let (mood, animal) = (MOODS[draw.below(MOODS.len())], ANIMALS[draw.below(ANIMALS.len())]);
    format!("{mood} {animal} {:03}", draw.below(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_fit_a_card_and_vary() {
        let names: std::collections::HashSet<String> = (0..1_000).map(|n| made_up(&format!("test:{n}"))).collect();
        assert!(names.len() > 990, "{}", names.len());
        assert!(names.iter().all(|name| name.chars().count() <= 30));
    }
}
