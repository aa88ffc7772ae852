//! A question is asked when the process is killed: nobody finds anything of it, and asked again it is answered.

#![allow(clippy::unwrap_used)]

use std::{fs, process::Stdio, thread, time::Duration};

use spanwright_world::{Answer, Hostile};

use crate::{
    bad_days::{ask, end, until},
    kills::Place,
    project::ran,
};

const TITLE: &str = "flow: title
from: { http: \"GET /titles/{id}\", reply_within: 5s }
steps:
  - { call: books.look, with: { id: $path.id }, as: book }
  - { reply: { fields: { title: $book.title } } }
";

#[test]
fn killed_in_the_middle_of_a_question_it_has_nothing_of_it_and_answers_it_when_it_is_asked_again() {
    let books = Hostile::start(vec![Answer::HangAfterReading, Answer::json(200, "{\"title\":\"Ulysses\"}")]);
    let place = Place::new(0, Duration::from_millis(1));
    let system = format!("system: books\nhttp:\nurl: \"{}\"\noperations: {{ look: {{ get: '/books/{{id}}' }} }}\n", books.url());
    fs::write(place.path().join("systems/books.yaml"), system).unwrap();
    fs::write(place.path().join("flows/title.yaml"), TITLE).unwrap();
    let running = place.start();
    thread::scope(|scope| {
        let cut = scope.spawn(|| ask(&place, "GET", "/titles/1", "").0);
        until("the books are asked", || books.received().len() == 1);
        end(running);
        assert_eq!(cut.join().unwrap(), 0, "the first asker hears nothing");
    });
    let running = place.start();
    let (status, answer) = ask(&place, "GET", "/titles/1", "");
    assert!(status == 200 && answer.ends_with("{\"title\":\"Ulysses\"}"), "{answer}");
    assert_eq!(books.received().len(), 2);
    let listed = ran(place.command(&["messages", "--flow", "title"]).stdout(Stdio::piped()));
    assert!(!listed.out.contains("title"), "{}{}", listed.out, listed.err);
    end(running);
}
