//! The data sets that are compiled in are the files they claim to be.

use std::collections::BTreeMap;

use wonderland_data::{Error, Target, Task, builtin, builtins};

#[derive(serde::Deserialize)]
struct Entry {
    rows: usize,
    features: usize,
    target: String,
    bytes: usize,
    sha256: String,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    class_counts: Vec<usize>,
}

#[test]
fn sets_match_their_index() {
    let index: BTreeMap<String, Entry> =
        serde_json::from_str(include_str!("../../assets/uci/index.json")).unwrap();
    assert_eq!(index.len(), builtins().len());
    for set in builtins() {
        let entry = &index[set.name];
        assert_eq!(set.file().len(), entry.bytes, "{}", set.name);
        assert_eq!(sha256(set.file().as_bytes()), entry.sha256, "{}", set.name);
        let table = set.table().unwrap();
        assert_eq!((table.n_rows(), set.n_rows), (entry.rows, entry.rows));
        assert_eq!((table.columns().len() - 1, set.n_features), (entry.features, entry.features));
        assert_eq!(set.target, entry.target);
        match set.target_of(&table).unwrap() {
            Target::Labels(y) => {
                assert_eq!(set.task, Task::Classification);
                assert_eq!(y.classes, entry.classes);
                assert_eq!(y.counts(), entry.class_counts);
            }
            Target::Numbers(y) => {
                assert_eq!(set.task, Task::Regression);
                assert_eq!(y.len(), entry.rows);
            }
        }
    }
}

#[test]
fn a_part_of_a_set_keeps_its_class_names() {
    let iris = builtin("iris").unwrap();
    let last = iris.table().unwrap().select(&[149, 100]);
    let Target::Labels(y) = iris.target_of(&last).unwrap() else { panic!() };
    assert_eq!((y.codes, y.classes.len()), (vec![2, 2], 3));
}

#[test]
fn classes_are_read_by_name_and_quantities_as_they_are() {
    let second = |name: &str| builtin(name).unwrap().csv().lines().nth(1).unwrap().to_owned();
    assert_eq!(second("iris"), "5.1,3.5,1.4,0.2,setosa");
    assert!(second("breast_cancer").ends_with(",malignant"));
    for name in ["digits", "diabetes"] {
        let set = builtin(name).unwrap();
        assert_eq!(set.csv(), set.file(), "{name}");
    }
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_sets() {
    let error = builtin("titanic").unwrap_err();
    assert!(matches!(error, Error::UnknownBuiltIn { .. }));
    assert_eq!(
        error.to_string(),
        "no built-in data set is called `titanic`; there are: iris, wine, breast_cancer, digits, diabetes"
    );
}

#[test]
fn sha256_of_abc() {
    // FIPS 180-4, example B.1.
    assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/// SHA-256 (FIPS 180-4), its constants from the primes they are defined by.
fn sha256(message: &[u8]) -> String {
    let primes: Vec<u64> = (2_u64..).filter(|n| (2..*n).all(|d| n % d != 0)).take(64).collect();
    // The first 32 bits of the fraction of a root: ⌊p^(1/r) · 2³²⌋ mod 2³².
    let root = |p: u64, r: u32| {
        let (mut low, mut high) = (0_u128, 1_u128 << 40);
        while high - low > 1 {
            let middle = (low + high) / 2;
            let fits =
                middle.checked_pow(r).is_some_and(|power| power <= u128::from(p) << (32 * r));
            if fits { low = middle } else { high = middle }
        }
        low as u32
    };
    let k: Vec<u32> = primes.iter().map(|&p| root(p, 3)).collect();
    let mut h: Vec<u32> = primes[..8].iter().map(|&p| root(p, 2)).collect();
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut w: Vec<u32> =
            block.chunks(4).map(|b| u32::from_be_bytes(b.try_into().unwrap())).collect();
        for t in 16..64 {
            let (a, b) = (w[t - 15], w[t - 2]);
            let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
            let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
            w.push(s1.wrapping_add(w[t - 7]).wrapping_add(s0).wrapping_add(w[t - 16]));
        }
        let mut v = h.clone();
        for t in 0..64 {
            let s1 = v[4].rotate_right(6) ^ v[4].rotate_right(11) ^ v[4].rotate_right(25);
            let choice = (v[4] & v[5]) ^ (!v[4] & v[6]);
            let t1 =
                v[7].wrapping_add(s1).wrapping_add(choice).wrapping_add(k[t]).wrapping_add(w[t]);
            let s0 = v[0].rotate_right(2) ^ v[0].rotate_right(13) ^ v[0].rotate_right(22);
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v.rotate_right(1);
            v[4] = v[4].wrapping_add(t1);
            v[0] = t1.wrapping_add(s0).wrapping_add(majority);
        }
        h.iter_mut().zip(v).for_each(|(h, v)| *h = h.wrapping_add(v));
    }
    h.iter().map(|word| format!("{word:08x}")).collect()
}
