//! What was really before the devices, left in a folder for whoever judges the samples.
//!
//! Files are named by the SHA-256 of the sample's record, so that a sample leads to its truth and to nothing else.

use super::Service;
use crate::stage::Platen;
use image::{DynamicImage, GrayImage, RgbImage};
use ring::digest::{SHA256, digest};
use serde_json::json;

/// Keeps the pixels of a picture from the glass, and what else lies there.
pub fn keep(service: &Service, record: &[u8], image: &GrayImage, platen: &Platen) {
    let fingers: Vec<&str> = platen.fingers.iter().map(|laid| laid.finger.id()).collect();
    let facts = json!({ "fingers": fingers, "rotation": platen.pose.rotation, "placement": platen.number });
    write(service, record, DynamicImage::ImageLuma8(image.clone()), &facts);
}

/// Keeps the pixels of a portrait, and whose it is.
pub fn keep_face(service: &Service, record: &[u8], image: &RgbImage) {
    let seed = service.stage.visitor().map(|visitor| visitor.person.seed);
    write(service, record, DynamicImage::ImageRgb8(image.clone()), &json!({ "seed": seed }));
}

fn write(service: &Service, record: &[u8], image: DynamicImage, facts: &serde_json::Value) {
    let Some(folder) = &service.options.truth else { return };
    let name: String = digest(&SHA256, record).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let kept = image.save(folder.join(format!("{name}.png"))).map_err(|error| error.to_string());
    let told =
        std::fs::write(folder.join(format!("{name}.json")), facts.to_string()).map_err(|error| error.to_string());
    if let Err(error) = kept.and(told) {
        tracing::warn!(%error, "the truth about a sample could not be kept");
    }
}
