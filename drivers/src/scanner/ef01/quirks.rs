//! What the models of this family do not say of themselves. Clones deviate, so every value has a setting that wins.

use super::command::ProductInfo;
use domain::units::Ppi;

/// One model, or a group of models whose names begin alike.
#[derive(Debug)]
pub(super) struct Model {
    /// How the model name in the product information begins.
    prefix: &'static str,
    /// The name for pages where the module has none.
    pub(super) name: &'static str,
    /// Who makes it.
    pub(super) vendor: &'static str,
    /// Nominal resolution on the maker's data sheet.
    pub(super) ppi: Ppi,
}

/// From the makers' sheets: all of them state 508 dpi. The last row is for modules that say nothing.
const MODELS: [Model; 6] = [
    Model { prefix: "R502", name: "R502", vendor: "Grow", ppi: nominal() },
    Model { prefix: "R503", name: "R503", vendor: "Grow", ppi: nominal() },
    Model { prefix: "R30", name: "R30x", vendor: "Grow", ppi: nominal() },
    Model { prefix: "ZFM", name: "ZFM-20", vendor: "ZhianTec", ppi: nominal() },
    Model { prefix: "SIMULATED", name: "SIMULATED SENSOR", vendor: "Gatepost", ppi: nominal() },
    Model { prefix: "", name: "EF01 sensor", vendor: "", ppi: nominal() },
];

/// Pixels of the ZFM-20 and of every model that does not tell (ZFM-20 manual V2.0).
const USUAL_SIZE: (u16, u16) = (256, 288);

/// The row of a module by its product information.
pub(super) fn model(product: Option<&ProductInfo>) -> &'static Model {
    let name = product.map_or("", |product| product.model.as_str());
    MODELS.iter().find(|model| name.to_ascii_uppercase().starts_with(model.prefix)).unwrap_or(&MODELS[5])
}

/// The size that the module tells, if it can be believed.
pub(super) fn size(product: Option<&ProductInfo>) -> (u16, u16) {
    product
        .map(|product| (product.width, product.height))
        .filter(|(width, height)| plausible(*width) && plausible(*height))
        .unwrap_or(USUAL_SIZE)
}

/// Even, since two pixels share a byte, and no larger than any sensor of the family.
pub(super) fn plausible(size: u16) -> bool {
    (64..=640).contains(&size) && size.is_multiple_of(2)
}

const fn nominal() -> Ppi {
    Ppi::FIVE_HUNDRED_EIGHT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(model: &str, width: u16, height: u16) -> ProductInfo {
        ProductInfo {
            model: model.into(),
            batch: String::new(),
            serial: String::new(),
            hardware: [0, 0],
            sensor: String::new(),
            width,
            height,
            template_size: 0,
            capacity: 0,
        }
    }

    #[test]
    fn models_are_found_and_sizes_believed_within_reason() {
        for (product, name, expected) in [
            (Some(product("R503", 192, 192)), "R503", (192, 192)),
            (Some(product("r307s", 0, 0)), "R30x", USUAL_SIZE),
            (Some(product("Mystery", 65_535, 192)), "EF01 sensor", USUAL_SIZE),
            (Some(product("", 193, 192)), "EF01 sensor", USUAL_SIZE),
            (None, "EF01 sensor", USUAL_SIZE),
        ] {
            assert_eq!(model(product.as_ref()).name, name);
            assert_eq!(size(product.as_ref()), expected);
            assert_eq!(model(product.as_ref()).ppi.get(), 508);
        }
    }
}
