//! `gatepost policy leaflet`: what travellers are told, from the pack and nothing else, as a page to print.

use super::{CliError, pack_path, read_pack};
use crate::web::{LANGUAGES, Locale, Locales};
use askama::Template;
use clap::Args;
use domain::policy::{Checkpoints, Condition, Entry, Ground, Pack, Status};
use jiff::civil::Date;
use std::fs;
use std::path::PathBuf;

/// A leaflet for travellers.
#[derive(Args, Clone, Debug)]
pub struct LeafletArgs {
    /// Language; one that nobody has reviewed stands beside English and Russian
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(LANGUAGES))]
    pub lang: String,
    /// The day from which the leaflet is handed out: rules that have ended by then are left out
    #[arg(long, value_name = "DATE")]
    pub date: Date,
    /// The policy pack; without it as for `explain`
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// Where the page goes; without it to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Template)]
#[template(path = "leaflet.html")]
struct Leaflet<'a> {
    t: Locale<'a>,
    parts: Vec<Part<'a>>,
    pack: String,
    date: Date,
    /// How it looks, in a file that stands alone; at the station's page it is an asset.
    style: Option<&'static str>,
}

/// How a leaflet looks.
const STYLE: &str = include_str!("../../assets/leaflet.css");

/// The leaflet in one language.
struct Part<'a> {
    t: Locale<'a>,
    rules: Vec<RuleText>,
}

/// One entry in a traveller's words.
struct RuleText {
    id: String,
    when: String,
    place: String,
    conditional: bool,
    announced: bool,
    less: Vec<GroundText>,
    exempt: Vec<GroundText>,
    sources: Vec<String>,
}

struct GroundText {
    id: String,
    title: String,
    evidence: String,
}

/// Writes the leaflet.
pub(super) fn leaflet(args: &LeafletArgs) -> Result<(), CliError> {
    let pack = read_pack(&pack_path(args.pack.as_deref())?)?;
    let locales = Locales::load().map_err(CliError)?;
    let page = made(&pack, locales.get(&args.lang), (args.date, Some(STYLE)))?;
    match &args.out {
        Some(file) => {
            fs::write(file, page).map_err(|error| CliError(format!("{}: cannot be written: {error}", file.display())))
        }
        None => {
            println!("{page}");
            Ok(())
        }
    }
}

/// The leaflet as a page of the station.
///
/// # Errors
/// When the template cannot be filled in.
pub fn page(pack: &Pack, t: Locale<'_>, date: Date) -> Result<String, CliError> {
    made(pack, t, (date, None))
}

fn made(pack: &Pack, t: Locale<'_>, (date, style): (Date, Option<&'static str>)) -> Result<String, CliError> {
    let begins = |date: Date| date.at(0, 0, 0, 0);
    let lasts = |entry: &&Entry| entry.validity.to.is_none_or(|to| to >= begins(date));
    let mut entries: Vec<&Entry> = pack.entries.iter().filter(lasts).collect();
    // The newest publication first: it decides where several apply.
    entries.sort_by(|a, b| b.published.age_order(&a.published).then_with(|| a.id.cmp(&b.id)));
    let part = |t| Part { t, rules: entries.iter().map(|entry| rule(pack, entry, t)).collect() };
    let leaflet = Leaflet { t, parts: t.legal().map(part).collect(), pack: pack.label(), date, style };
    leaflet.render().map_err(|error| CliError(format!("the leaflet cannot be made: {error}")))
}

fn rule(pack: &Pack, entry: &Entry, t: Locale<'_>) -> RuleText {
    let from = t.with("leaflet-from", "date", entry.validity.from.date());
    let to = entry.validity.to.map(|to| t.with("leaflet-until", "date", to.date()));
    let place = match &entry.checkpoints {
        Checkpoints::Every => t.say("leaflet-every"),
        Checkpoints::Listed(ids) => t.with("leaflet-places", "places", ids.join(", ")),
    };
    let listed = entry.grounds.iter().filter_map(|id| pack.ground(id));
    let (exempt, less): (Vec<&Ground>, Vec<&Ground>) = listed.partition(|ground| ground.exempts());
    let texts = |grounds: Vec<&Ground>| grounds.into_iter().map(|ground| ground_text(ground, t)).collect();
    RuleText {
        id: entry.id.clone(),
        when: [Some(from), to].into_iter().flatten().collect::<Vec<_>>().join(" "),
        place,
        conditional: entry.condition == Some(Condition::TechnicallyPossible),
        announced: entry.status == Status::Announced,
        less: texts(less),
        exempt: texts(exempt),
        sources: entry.sources.iter().map(|source| format!("{} ({})", source.cite, source.published)).collect(),
    }
}

fn ground_text(ground: &Ground, t: Locale<'_>) -> GroundText {
    // A ground of a pack that was not shipped has no translation: its own title stands in.
    let title = t.word_or("ground", &ground.id, &ground.title);
    let evidence: Vec<String> = ground.evidence.iter().map(|kind| t.word_or("evidence", kind, kind)).collect();
    GroundText { id: ground.id.clone(), title, evidence: evidence.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::path::Path;

    const PACKS: [&str; 3] = ["eu-ees", "kz-entry", "ru-entry"];

    fn shipped(name: &str) -> Pack {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies");
        read_pack(&folder.join(format!("{name}.toml"))).unwrap()
    }

    #[test]
    fn every_pack_has_a_leaflet_in_every_language_with_every_ground() {
        let locales = Locales::load().unwrap();
        for (name, language) in PACKS.iter().flat_map(|name| LANGUAGES.iter().map(move |language| (name, language))) {
            let (pack, t) = (shipped(name), locales.get(language));
            let page = page(&pack, t, date(2025, 1, 1)).unwrap();
            assert!(page.contains(&format!("lang=\"{language}\"")), "{name}");
            for entry in &pack.entries {
                let part = page.split(&format!("data-entry=\"{}\"", entry.id)).nth(1).unwrap();
                let part = part.split("</section>").next().unwrap();
                for ground in &entry.grounds {
                    assert!(part.contains(&format!("data-ground=\"{ground}\"")), "{name} {language} {ground}");
                    assert!(t.has(&format!("ground-{ground}")), "ground-{ground} in {language}");
                }
                let announced = part.contains(&t.say("leaflet-announced"));
                assert_eq!(announced, entry.status == Status::Announced, "{name} {language} {}", entry.id);
            }
            for kind in pack.grounds.iter().flat_map(|ground| &ground.evidence) {
                assert!(t.has(&format!("evidence-{kind}")), "evidence-{kind} in {language}");
            }
            assert!(!page.contains(">leaflet-") && page.contains(&pack.label()), "{name} {language}");
        }
    }

    #[test]
    fn what_has_ended_is_left_out_and_nothing_is_taken_for_markup() {
        let locales = Locales::load().unwrap();
        let late = page(&shipped("ru-entry"), locales.get("en"), date(2026, 7, 1)).unwrap();
        assert!(late.contains("all-checkpoints-2026") && !late.contains("where-possible-2025-12"));
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies/kz-entry.toml"));
        let hostile = text.unwrap().replace("Reports of the border service", "<script>x</script>");
        let page = page(&Pack::parse(&hostile).unwrap(), locales.get("ru"), date(2026, 7, 1)).unwrap();
        assert!(!page.contains("<script>"), "{page}");
    }
}
