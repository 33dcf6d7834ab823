//! Three-letter codes of States, organisations and persons without a nationality (Doc 9303-3, section 5), and what a
//! document code hints at (Doc 9303-4, 4.4).

/// What a three-letter code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeKind {
    /// An international organisation that issues documents, or its officials (parts B, C and D).
    Organisation,
    /// A refugee: XXB by the 1951 Convention, XXC otherwise.
    Refugee,
    /// Utopia, the State that specimens are made for.
    Specimen,
    /// A State, a territory, or a kind of British nationality.
    State,
    /// A stateless person by the 1954 Convention: XXA.
    Stateless,
    /// A person of unspecified nationality: XXX.
    Unspecified,
}

/// What the second letter of a document code, or the issuer, hints at. A hint pre-selects and never decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// PT: issued to somebody who is not a citizen of the issuing State.
    Alien,
    /// AC: certificate of a member of an aircraft's crew.
    CrewMember,
    /// PD.
    Diplomatic,
    /// PE, PU: an emergency document.
    Emergency,
    /// PL.
    LaissezPasser,
    /// PM.
    Military,
    /// PO: official or service passport.
    Official,
    /// PP: what most people carry.
    Ordinary,
    /// Issued by an organisation, whatever the code.
    Organisation,
    /// PR: refugee.
    Refugee,
    /// PS: stateless person since 2026; earlier documents of several States have it for service passports.
    ServiceOrStateless,
}

impl Hint {
    /// The key of its text in the locale files: `diplomatic`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Alien => "alien",
            Self::CrewMember => "crew-member",
            Self::Diplomatic => "diplomatic",
            Self::Emergency => "emergency",
            Self::LaissezPasser => "laissez-passer",
            Self::Military => "military",
            Self::Official => "official",
            Self::Ordinary => "ordinary",
            Self::Organisation => "organisation",
            Self::Refugee => "refugee",
            Self::ServiceOrStateless => "service-or-stateless",
        }
    }
}

/// What this code stands for, written without fillers. `None`: no code that Doc 9303 or ISO 3166-1 knows.
pub fn known(code: &str) -> Option<CodeKind> {
    let special = SPECIAL.iter().find(|(special, _)| *special == code).map(|(_, kind)| *kind);
    special.or_else(|| ISO_3166.binary_search(&code).is_ok().then_some(CodeKind::State))
}

/// What a document with this code and issuer may be. It decides nothing: States print these letters as they please.
pub fn hint(document_code: &str, issuing_state: &str) -> Option<Hint> {
    match document_code {
        "PD" => Some(Hint::Diplomatic),
        "PL" => Some(Hint::LaissezPasser),
        _ if known(issuing_state) == Some(CodeKind::Organisation) => Some(Hint::Organisation),
        "AC" => Some(Hint::CrewMember),
        "PE" | "PU" => Some(Hint::Emergency),
        "PM" => Some(Hint::Military),
        "PO" => Some(Hint::Official),
        "PP" => Some(Hint::Ordinary),
        "PR" => Some(Hint::Refugee),
        "PS" => Some(Hint::ServiceOrStateless),
        "PT" => Some(Hint::Alien),
        _ => None,
    }
}

/// Codes of Doc 9303-3, section 5, parts A to E, that ISO 3166-1 does not have, and the specimen State.
const SPECIAL: &[(&str, CodeKind)] = &[
    ("D", CodeKind::State),
    ("EUE", CodeKind::Organisation),
    ("GBD", CodeKind::State),
    ("GBN", CodeKind::State),
    ("GBO", CodeKind::State),
    ("GBP", CodeKind::State),
    ("GBS", CodeKind::State),
    ("RKS", CodeKind::State),
    ("UNA", CodeKind::Organisation),
    // Residents of Kosovo with a document of the United Nations mission: it tells where they belong.
    ("UNK", CodeKind::State),
    ("UNO", CodeKind::Organisation),
    ("UTO", CodeKind::Specimen),
    ("XBA", CodeKind::Organisation),
    ("XCC", CodeKind::Organisation),
    ("XCE", CodeKind::Organisation),
    ("XCO", CodeKind::Organisation),
    ("XDC", CodeKind::Organisation),
    ("XEC", CodeKind::Organisation),
    ("XES", CodeKind::Organisation),
    ("XIM", CodeKind::Organisation),
    ("XMP", CodeKind::Organisation),
    ("XOM", CodeKind::Organisation),
    ("XPO", CodeKind::Organisation),
    ("XXA", CodeKind::Stateless),
    ("XXB", CodeKind::Refugee),
    ("XXC", CodeKind::Refugee),
    ("XXX", CodeKind::Unspecified),
];

/// ISO 3166-1 alpha-3, all 249 of 2024, sorted.
#[rustfmt::skip]
const ISO_3166: &[&str] = &[
    "ABW", "AFG", "AGO", "AIA", "ALA", "ALB", "AND", "ARE", "ARG", "ARM", "ASM", "ATA", "ATF", "ATG", "AUS", "AUT",
    "AZE", "BDI", "BEL", "BEN", "BES", "BFA", "BGD", "BGR", "BHR", "BHS", "BIH", "BLM", "BLR", "BLZ", "BMU", "BOL",
    "BRA", "BRB", "BRN", "BTN", "BVT", "BWA", "CAF", "CAN", "CCK", "CHE", "CHL", "CHN", "CIV", "CMR", "COD", "COG",
    "COK", "COL", "COM", "CPV", "CRI", "CUB", "CUW", "CXR", "CYM", "CYP", "CZE", "DEU", "DJI", "DMA", "DNK", "DOM",
    "DZA", "ECU", "EGY", "ERI", "ESH", "ESP", "EST", "ETH", "FIN", "FJI", "FLK", "FRA", "FRO", "FSM", "GAB", "GBR",
    "GEO", "GGY", "GHA", "GIB", "GIN", "GLP", "GMB", "GNB", "GNQ", "GRC", "GRD", "GRL", "GTM", "GUF", "GUM", "GUY",
    "HKG", "HMD", "HND", "HRV", "HTI", "HUN", "IDN", "IMN", "IND", "IOT", "IRL", "IRN", "IRQ", "ISL", "ISR", "ITA",
    "JAM", "JEY", "JOR", "JPN", "KAZ", "KEN", "KGZ", "KHM", "KIR", "KNA", "KOR", "KWT", "LAO", "LBN", "LBR", "LBY",
    "LCA", "LIE", "LKA", "LSO", "LTU", "LUX", "LVA", "MAC", "MAF", "MAR", "MCO", "MDA", "MDG", "MDV", "MEX", "MHL",
    "MKD", "MLI", "MLT", "MMR", "MNE", "MNG", "MNP", "MOZ", "MRT", "MSR", "MTQ", "MUS", "MWI", "MYS", "MYT", "NAM",
    "NCL", "NER", "NFK", "NGA", "NIC", "NIU", "NLD", "NOR", "NPL", "NRU", "NZL", "OMN", "PAK", "PAN", "PCN", "PER",
    "PHL", "PLW", "PNG", "POL", "PRI", "PRK", "PRT", "PRY", "PSE", "PYF", "QAT", "REU", "ROU", "RUS", "RWA", "SAU",
    "SDN", "SEN", "SGP", "SGS", "SHN", "SJM", "SLB", "SLE", "SLV", "SMR", "SOM", "SPM", "SRB", "SSD", "STP", "SUR",
    "SVK", "SVN", "SWE", "SWZ", "SXM", "SYC", "SYR", "TCA", "TCD", "TGO", "THA", "TJK", "TKL", "TKM", "TLS", "TON",
    "TTO", "TUN", "TUR", "TUV", "TWN", "TZA", "UGA", "UKR", "UMI", "URY", "USA", "UZB", "VAT", "VCT", "VEN", "VGB",
    "VIR", "VNM", "VUT", "WLF", "WSM", "YEM", "ZAF", "ZMB", "ZWE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_and_whole() {
        assert!(ISO_3166.is_sorted());
        assert_eq!(ISO_3166.len(), 249);
        assert!(SPECIAL.is_sorted_by_key(|(code, _)| *code));
        for (code, _) in SPECIAL {
            assert!(ISO_3166.binary_search(code).is_err(), "{code} is in ISO 3166-1 as well");
        }
    }

    #[test]
    fn codes_have_their_kind() {
        for (code, kind) in [
            ("RUS", Some(CodeKind::State)),
            ("BLR", Some(CodeKind::State)),
            ("D", Some(CodeKind::State)),
            ("UNO", Some(CodeKind::Organisation)),
            ("XXA", Some(CodeKind::Stateless)),
            ("XXB", Some(CodeKind::Refugee)),
            ("XXX", Some(CodeKind::Unspecified)),
            ("UTO", Some(CodeKind::Specimen)),
            ("DEU", Some(CodeKind::State)),
            ("SUN", None),
            ("", None),
            ("rus", None),
        ] {
            assert_eq!(known(code), kind, "{code}");
        }
    }

    #[test]
    fn document_codes_hint() {
        for (code, issuer, expected) in [
            ("P", "UTO", None),
            ("PP", "UTO", Some(Hint::Ordinary)),
            ("PD", "KAZ", Some(Hint::Diplomatic)),
            ("PO", "KAZ", Some(Hint::Official)),
            ("PS", "KAZ", Some(Hint::ServiceOrStateless)),
            ("PL", "UNO", Some(Hint::LaissezPasser)),
            ("P", "UNO", Some(Hint::Organisation)),
            ("ID", "BLR", None),
            ("VD", "RUS", None),
        ] {
            assert_eq!(hint(code, issuer), expected, "{code} of {issuer}");
        }
    }
}
