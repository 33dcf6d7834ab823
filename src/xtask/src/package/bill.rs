//! The bill of materials of a package: CycloneDX 1.6 (ECMA-424), with crates, models and Debian's libraries.
//!
//! Without a serial number and with the time of SOURCE_DATE_EPOCH, so that the same input gives the same bytes.

use super::build::Build;
use super::metadata::Crate;
use crate::failure::Failure;
use crate::models::{self, Model};
use serde_json::{Map, Value, json};

/// Where CycloneDX's schema is.
const SCHEMA: &str = "http://cyclonedx.org/schema/bom-1.6.schema.json";

/// The bill of one package, with the Debian packages whose libraries its programs need.
pub fn of(build: &Build, libraries: &[String]) -> Result<String, Failure> {
    let recipe = build.recipe;
    let root = format!("pkg:deb/gatepost/{}@{}?arch=amd64", recipe.name, build.version);
    let crates = build.metadata.closure(&recipe.crates);
    let models = if recipe.models { models::listed()? } else { Vec::new() };
    let debian: Vec<&String> = libraries.iter().chain(&recipe.depends).collect();
    let mut components: Vec<Value> = crates.iter().map(|one| of_crate(build, one)).collect();
    components.extend(models.iter().map(of_model));
    components.extend(debian.iter().map(|dependency| of_debian(dependency)));

    let own = crates.iter().filter(|one| recipe.crates.contains(&one.name) && one.source.is_none());
    let direct = own.map(|one| one.purl());
    let direct = direct.chain(models.iter().map(model_ref)).chain(debian.iter().map(|one| debian_ref(one)));
    let mut dependencies = vec![json!({ "ref": root, "dependsOn": direct.collect::<Vec<_>>() })];
    dependencies.extend(crates.iter().map(|one| {
        let ids = build.metadata.dependencies(one.id());
        let on: Vec<String> =
            crates.iter().filter(|other| ids.contains(&other.id())).map(|other| other.purl()).collect();
        json!({ "ref": one.purl(), "dependsOn": on })
    }));
    let bill = json!({
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time(build.epoch),
            "component": {
                "type": "application", "bom-ref": root, "name": recipe.name, "version": build.version,
                "description": recipe.summary, "purl": root,
                "licenses": [{ "expression": "MIT OR Apache-2.0" }],
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    let text = serde_json::to_string_pretty(&bill).map_err(|error| Failure::new(format!("the bill: {error}.")))?;
    Ok(text + "\n")
}

fn of_crate(build: &Build, one: &Crate) -> Value {
    let mut component = Map::new();
    let mut set = |key: &str, value: Value| drop(component.insert(key.into(), value));
    set("type", "library".into());
    set("bom-ref", one.purl().into());
    set("name", one.name.clone().into());
    set("version", one.version.clone().into());
    if let Some(description) = &one.description {
        set("description", description.trim().into());
    }
    if !one.authors.is_empty() {
        set("author", one.authors.join(", ").into());
    }
    if let Some(licence) = &one.license {
        // Some still write a slash, which SPDX does not know.
        set("licenses", json!([{ "expression": licence.replace('/', " OR ") }]));
    }
    if one.source.is_some() {
        set("purl", one.purl().into());
    }
    if let Some(digest) = build.metadata.checksum(one) {
        set("hashes", json!([{ "alg": "SHA-256", "content": digest }]));
    }
    if let Some(address) = &one.repository {
        set("externalReferences", json!([{ "type": "vcs", "url": address.trim() }]));
    }
    component.into()
}

fn of_model(model: &Model) -> Value {
    json!({
        "type": "machine-learning-model", "bom-ref": model_ref(model), "name": model.name,
        "description": format!("{}; {}", model.purpose, model.origin),
        "hashes": [{ "alg": "SHA-256", "content": model.sha256 }],
        "licenses": [{ "license": { "name": model.licence } }],
    })
}

fn model_ref(model: &Model) -> String {
    format!("model:{}", model.name)
}

/// A dependency such as `libc6 (>= 2.34)`: which version is there, the machine that installs it decides.
fn of_debian(dependency: &str) -> Value {
    let (name, version) = dependency.split_once(' ').unwrap_or((dependency, ""));
    let mut component = json!({
        "type": "library", "bom-ref": debian_ref(dependency), "name": name, "purl": format!("pkg:deb/debian/{name}"),
    });
    if !version.is_empty() {
        component["version"] = version.trim_matches(['(', ')']).into();
    }
    component
}

fn debian_ref(dependency: &str) -> String {
    format!("debian:{}", dependency.split(' ').next().unwrap_or(dependency))
}

/// Seconds since 1970 as RFC 3339 writes them (days from civil, Howard Hinnant).
fn time(epoch: u64) -> String {
    let (days, second) = (epoch / 86_400, epoch % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_written_as_dates() {
        for (epoch, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(epoch), text);
        }
    }
}
