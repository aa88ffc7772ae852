//! A price list of ten thousand rows, and the process killed while it reads it: each row becomes one article.

#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::project::{Begun, Project, ran, spanwright};

const ROWS: usize = 10_000;
/// It is killed when the journal has grown by so many bytes since it was started.
const KILLED_AFTER: [u64; 4] = [1, 400_000, 900_000, 2_000_000];
/// For one of them.
const PATIENCE: Duration = Duration::from_secs(60);

struct Shop {
    project: Project,
}

impl Shop {
    fn new() -> Shop {
        let project = Project::named("files");
        project.edit("flows/prices.yaml", "files: supplier.prices", "files: supplier.prices, every: 100ms, settle: 0s");
        project.edit("flows/prices.yaml", "most: 1000, wait: 1s", "most: 500, wait: 50ms");
        let shop = Shop { project };
        fs::create_dir_all(shop.path("drop/incoming")).unwrap();
        fs::create_dir_all(shop.path("out/articles")).unwrap();
        shop
    }

    fn path(&self, path: &str) -> PathBuf {
        self.project.path().join(path)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = spanwright();
        command.arg("run").args(arguments).arg(self.project.path());
        command.env("DROP", self.path("drop")).env("OUT", self.path("out"));
        command
    }

    fn begin(&self) -> Begun {
        let mut command = self.command(&["--log", "json", "--level", "error"]);
        Begun { child: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() }
    }

    /// Bytes of the journal, whatever its files are called.
    fn journal(&self) -> u64 {
        let files = fs::read_dir(self.path(".spanwright")).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
    }

    /// How often each article was written.
    fn articles(&self) -> BTreeMap<String, usize> {
        let mut articles = BTreeMap::new();
        for file in fs::read_dir(self.path("out/articles")).unwrap().flatten().filter(|file| file.path().is_file()) {
            for line in fs::read_to_string(file.path()).unwrap().lines() {
                let article: serde_json::Value = serde_json::from_str(line).unwrap();
                *articles.entry(article["sku"].as_str().unwrap().to_string()).or_default() += 1;
            }
        }
        articles
    }
}

fn price_list(path: &Path) {
    let rows: String = (0..ROWS).map(|n| format!("A-{n};Stift {n};{}.50;{n}\n", n % 90)).collect();
    fs::write(path, format!("sku;name;price;stock\n{rows}")).unwrap();
}

#[test]
fn killed_while_it_reads_a_file_each_row_comes_out_once() {
    let (shop, list) = (Shop::new(), "drop/incoming/prices-large.csv");
    price_list(&shop.path(list));
    let mut in_the_middle = 0;
    for grown in KILLED_AFTER {
        let (before, begun) = (shop.journal(), Instant::now());
        let mut running = shop.begin();
        while shop.journal() < before + grown && shop.path(list).exists() {
            assert!(begun.elapsed() < PATIENCE, "the journal does not grow");
            thread::sleep(Duration::from_millis(2));
        }
        // SIGKILL: no handler, no farewell.
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        in_the_middle += usize::from(shop.path(list).exists());
    }
    assert!(in_the_middle >= 2, "it was killed {in_the_middle} times before the file was read");
    let ran = ran(&mut shop.command(&["--once", "--log", "human", "--level", "error"]));
    let articles = shop.articles();
    let several: Vec<_> = articles.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!((ran.code, articles.len(), several.len()), (0, ROWS, 0), "{}{} {several:?}", ran.out, ran.err);
    assert!(shop.path("drop/incoming/done/prices-large.csv").exists());
}

#[test]
fn what_the_example_says_of_itself_is_true() {
    let shop = Shop::new();
    fs::copy(shop.path("tests/data/prices.csv"), shop.path("drop/incoming/prices-monday.csv")).unwrap();
    ran(&mut shop.command(&["--once", "--level", "error"]));
    let names: Vec<_> = shop.articles().into_iter().collect();
    assert_eq!(names, [("A-1".to_string(), 1), ("A-2".to_string(), 1), ("A-5".to_string(), 1)]);
    let dead = shop.project.run(&["dead-letters"]).out;
    assert!(dead.contains("prices-monday.csv:4:3: `.price`: a number is wanted"), "{dead}");
    assert!(dead.contains("prices-monday.csv:5:5: it has 5 fields, and there are 4 columns"), "{dead}");
    // The same list under another name, and one with another price.
    fs::copy(shop.path("tests/data/prices.csv"), shop.path("drop/incoming/prices-tuesday.csv")).unwrap();
    ran(&mut shop.command(&["--once", "--level", "error"]));
    assert_eq!(shop.articles().values().sum::<usize>(), 3);
    fs::write(
        shop.path("drop/incoming/prices-wednesday.csv"),
        "sku;name;price;stock\nA-1;\"Stift; blau\";1.30;40\nA-5;\"Zwei\r\nZeilen\";3;1\n",
    )
    .unwrap();
    ran(&mut shop.command(&["--once", "--level", "error"]));
    assert_eq!(shop.articles().into_iter().collect::<Vec<_>>()[0], ("A-1".to_string(), 2));
    assert_eq!(shop.articles().values().sum::<usize>(), 4, "what is as it was is not written again");
}
