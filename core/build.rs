//! Keeps of the table of tax rates what is looked up. Where the rates come from stays in the file: on a
//! phone every byte counts.

use std::path::Path;
use std::{env, fs};

/// The columns that `tax.rs` reads, in its order.
const COLUMNS: [&str; 10] = [
    "country",
    "region",
    "tax_name",
    "tax_category",
    "rate_ppm",
    "behaviour",
    "valid_from",
    "valid_to",
    "as_of",
    "confidence",
];

fn main() {
    let source = "data/tax_rates.tsv";
    println!("cargo::rerun-if-changed={source}");
    let table = fs::read_to_string(source).expect("the table is there");
    let mut lines = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.next().expect("the table has a head");
    let places = COLUMNS.map(|column| {
        names
            .iter()
            .position(|name| *name == column)
            .unwrap_or_else(|| panic!("no column {column}"))
    });
    let rows: Vec<_> = lines.map(|row| places.map(|place| row[place]).join("\t")).collect();
    let folder = env::var_os("OUT_DIR").expect("cargo says where");
    let folder = Path::new(&folder);
    fs::write(folder.join("tax_rates.tsv"), rows.join("\n")).expect("the table is written");

    // Without the head and the notes.
    let source = "data/territories.tsv";
    println!("cargo::rerun-if-changed={source}");
    let table = fs::read_to_string(source).expect("the territories are there");
    let rows: Vec<_> = table
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once('\t').expect("a territory has a note").0)
        .collect();
    fs::write(folder.join("territories.tsv"), rows.join("\n")).expect("the table is written");
}
