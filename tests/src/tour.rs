//! Every page that people see, one after the other in a real browser: for axe-core, and for the pictures of the docs.

use crate::chrome::Chrome;
use crate::process::succeed;
use crate::station::{ADMINISTRATOR, AUDITOR, OFFICER, SUPERVISOR};
use crate::{Officer, Sim, Station, people};
use hardware_sim::person::Person;

/// One hand is bandaged, which saves time.
const LEFT: [(&str, &str); 5] = [
    ("missing-left-thumb", "bandaged"),
    ("missing-left-index", "bandaged"),
    ("missing-left-middle", "bandaged"),
    ("missing-left-ring", "bandaged"),
    ("missing-left-little", "bandaged"),
];

/// Whether every picture of the page is there: a live picture that nobody sees yet would be a picture of nothing.
const PICTURES: &str = "return [...document.images].every((image) => image.naturalWidth > 0);";

/// A walk through all pages. An officer at another browser does what is to be done, this one looks.
pub struct Tour<'a> {
    station: &'a Station,
    chrome: &'a Chrome,
    language: &'a str,
    /// Languages in which some pages are looked at besides.
    others: &'a [&'a str],
    officer: Officer,
    sim: Sim,
}

/// What is done at each page: it is on the screen, and has this name.
pub trait Visit: AsyncFnMut(&Chrome, &str) {}
impl<T: AsyncFnMut(&Chrome, &str)> Visit for T {}

impl<'a> Tour<'a> {
    /// A tour in this language.
    pub async fn new(station: &'a Station, chrome: &'a Chrome, language: &'a str) -> Self {
        station.until_ready(&["camera", "scanner", "reader"]).await;
        Self { station, chrome, language, others: &[], officer: station.officer().await, sim: station.sim().await }
    }

    /// Looks at pages with much writing, and with a direction of their own, in these languages too.
    pub fn and_in(self, others: &'a [&'a str]) -> Self {
        Self { others, ..self }
    }

    /// Shows every page.
    pub async fn walk(&mut self, mut visit: impl Visit) {
        self.connect_the_display(&mut visit).await;
        self.log_in(OFFICER, &mut visit).await;
        self.look("/officer", ".desk[data-step=idle]", "officer-idle", &mut visit).await;
        self.look("/pin", "#own-pin", "own-pin", &mut visit).await;
        self.a_question(&mut visit).await;
        self.an_enrolment(&mut visit).await;
        self.a_rejected_capture(&mut visit).await;
        self.review(&mut visit).await;
        self.the_rules(&mut visit).await;
        self.audit(&mut visit).await;
    }

    async fn connect_the_display(&mut self, visit: &mut impl Visit) {
        self.look("/traveller", "#connect", "display-connect", visit).await;
        bind(self.station, self.chrome).await;
        visit(self.chrome, "display-welcome").await;
    }

    /// Logs in at the page, in the language of the tour.
    async fn log_in(&mut self, (person, pin): (&str, &str), visit: &mut impl Visit) {
        self.open("/login").await;
        self.chrome.see("#login").await;
        if person == OFFICER.0 {
            self.choose(self.language).await;
        }
        if person == OFFICER.0 {
            visit(self.chrome, "login").await;
        }
        self.chrome.fill("input[name=person]", person).await;
        self.chrome.fill("input[name=pin]", pin).await;
        self.chrome.click("#login button.primary").await;
        self.chrome.see("form[action='/logout']").await;
    }

    /// A document that hints at an exemption; the officer closes the case.
    async fn a_question(&mut self, visit: &mut impl Visit) {
        self.officer.open().await.unwrap();
        self.speak().await;
        self.look("/officer", "[data-step=document]", "officer-document", visit).await;
        self.look("/traveller", "[data-screen=document]", "display-document", visit).await;
        self.officer.type_lines(&people::diplomat(41).lines).await.unwrap();
        self.look("/officer", "[data-question]", "officer-question", visit).await;
        self.look("/traveller", "[data-screen=reading]", "display-reading", visit).await;
        self.officer.post("/officer/cancel", &[]).await.unwrap();
        self.look("/traveller", "[data-screen=speak]", "display-speak", visit).await;
    }

    async fn an_enrolment(&mut self, visit: &mut impl Visit) {
        let traveller = people::adult(31);
        self.sim.arrive(&traveller).await;
        // Shut eyes keep the capture of the face going for as long as the page is looked at.
        self.sim.lids(0.0).await;
        self.read(&traveller).await;
        self.look("/officer", "[data-step=decided]", "officer-decided", visit).await;
        self.chrome.press_until("a", ".before[open]").await;
        visit(self.chrome, "officer-before-arrival").await;
        self.officer.go_on().await.unwrap();
        self.look("/officer", "[data-step=declare]", "officer-declare", visit).await;
        for other in self.others {
            self.choose(other).await;
            visit(self.chrome, &format!("officer-declare-{other}")).await;
        }
        self.choose(self.language).await;
        self.look("/traveller", "[data-screen=next]", "display-next", visit).await;
        self.in_others("[data-screen=next]", "display-next", visit).await;
        self.officer.post("/officer/declare", &LEFT).await.unwrap();
        self.officer.until("the capture to begin", |view| view.hint.is_some()).await.unwrap();
        self.look("/officer", "[data-slot=face] #live", "officer-face", visit).await;
        self.look("/traveller", "#mirror", "display-face", visit).await;
        self.sim.lids(1.0).await;
        self.until_fingers().await;
        self.look("/officer", "h1.slot:not([data-slot=face])", "officer-fingers", visit).await;
        self.look("/traveller", "[data-screen=fingers]", "display-fingers", visit).await;
        self.in_others("[data-screen=fingers]", "display-fingers", visit).await;
        self.officer.take(&mut self.sim).await.unwrap();
        self.look("/officer", "[data-step=summary]", "officer-summary", visit).await;
        self.officer.post("/officer/sign", &[]).await.unwrap();
        self.officer.until("the end of the case", |view| view.outcome.is_some()).await.unwrap();
        self.look("/officer", "[data-outcome]", "officer-closed", visit).await;
        self.look("/traveller", "[data-screen=done]", "display-done", visit).await;
        self.look("/traveller/receipt", "[data-receipt]", "receipt", visit).await;
    }

    /// Poor prints, and a camera that is pulled out on the way to them.
    async fn a_rejected_capture(&mut self, visit: &mut impl Visit) {
        let poor = people::poor_prints(33);
        self.sim.arrive(&poor).await;
        self.read(&poor).await;
        self.officer.go_on().await.unwrap();
        self.sim.fault("camera", "unplug", 0).await;
        self.officer.post("/officer/declare", &LEFT).await.unwrap();
        self.officer.until("the camera's fault", |view| view.step == "held").await.unwrap();
        self.look("/officer", "[data-step=held] p.error", "officer-held", visit).await;
        self.look("/traveller", "[data-screen=pause]", "display-pause", visit).await;
        self.sim.mend("camera").await;
        self.station.until_ready(&["camera"]).await;
        self.officer.post("/officer/retry", &[]).await.unwrap();
        self.officer.until("the capture to go on", |view| view.step == "capturing").await.unwrap();
        self.officer.take(&mut self.sim).await.unwrap();
        self.look("/officer", "[data-step=summary]", "officer-rejected", visit).await;
        self.officer.post("/officer/sign", &[]).await.unwrap();
        self.look("/traveller", "[data-screen=supervisor]", "display-supervisor", visit).await;
    }

    async fn review(&mut self, visit: &mut impl Visit) {
        self.open("/officer").await;
        self.chrome.click("form[action='/logout'] button").await;
        self.log_in(SUPERVISOR, visit).await;
        self.look("/supervisor", "li[data-case] a.button", "supervisor-list", visit).await;
        self.chrome.click("li[data-case] a.button").await;
        self.chrome.see("[data-review]").await;
        visit(self.chrome, "supervisor-review").await;
        self.look("/nowhere", "p.error", "refusal", visit).await;
        self.look("/supervisor/figures", "table.chart", "figures", visit).await;
        for other in self.others {
            self.choose(other).await;
            visit(self.chrome, &format!("figures-{other}")).await;
        }
        self.choose(self.language).await;
    }

    /// What the auditor sees, with the whole chain checked.
    async fn audit(&mut self, visit: &mut impl Visit) {
        self.open("/administrator").await;
        self.chrome.click("form[action='/logout'] button").await;
        self.log_in(AUDITOR, visit).await;
        self.look("/auditor", "table.trail td", "auditor", visit).await;
        self.chrome.click("button[name=check]").await;
        self.chrome.see("#holds").await;
        visit(self.chrome, "auditor-checked").await;
    }

    /// The administrator's pages about people and rules.
    async fn the_rules(&mut self, visit: &mut impl Visit) {
        self.open("/supervisor").await;
        self.chrome.click("form[action='/logout'] button").await;
        self.log_in(ADMINISTRATOR, visit).await;
        self.look("/administrator", ".people", "administrator-people", visit).await;
        self.look("/administrator/health", "#findings td", "administrator-health", visit).await;
        self.look("/administrator/policy", "#packs tr.works", "administrator-rules", visit).await;
        for other in self.others {
            self.choose(other).await;
            visit(self.chrome, &format!("administrator-rules-{other}")).await;
        }
        self.choose(self.language).await;
        self.chrome.click("#packs tr.works a[href*=replay]").await;
        self.chrome.see("#replay").await;
        visit(self.chrome, "administrator-replay").await;
        self.open("/administrator/policy/ask").await;
        self.chrome.fill("#ask input[name=nationality]", "KAZ").await;
        self.chrome.fill("#ask input[name=born]", "2020-XX-XX").await;
        self.chrome.click("#ask button.primary").await;
        self.chrome.see("#answer [data-verdict]").await;
        visit(self.chrome, "administrator-ask").await;
    }

    async fn read(&mut self, traveller: &Person) {
        self.officer.open().await.unwrap();
        self.officer.type_lines(&traveller.lines).await.unwrap();
        self.speak().await;
    }

    /// Has the traveller at the desk spoken to in the language of the tour.
    async fn speak(&mut self) {
        self.officer.post("/officer/traveller-language", &[("language", self.language)]).await.unwrap();
    }

    /// Chooses a language for the page that the window is at.
    async fn choose(&self, language: &str) {
        if self.chrome.script("the language of the page", "return document.documentElement.lang;").await != language {
            self.chrome.click("header .languages > summary").await;
            self.chrome.click(&format!("header .languages button[value={language}]")).await;
            self.chrome.see(&format!("html[lang={language}] header")).await;
        }
    }

    /// The display that is on the screen, in each of the other languages.
    async fn in_others(&mut self, until: &str, name: &str, visit: &mut impl Visit) {
        for other in self.others {
            self.officer.post("/officer/traveller-language", &[("language", other)]).await.unwrap();
            self.look("/traveller", &format!("html[lang={other}] {until}"), &format!("{name}-{other}"), visit).await;
        }
        self.speak().await;
    }

    async fn until_fingers(&mut self) {
        let asked =
            |prompt: &Option<String>| prompt.as_deref().is_some_and(|prompt| prompt.starts_with("place-finger"));
        self.officer.until("fingers to be asked for", |view| asked(&view.prompt)).await.unwrap();
    }

    async fn open(&self, path: &str) {
        self.chrome.open(&format!("{}{path}", self.station.place().address())).await;
    }

    async fn look(&mut self, path: &str, until: &str, name: &str, visit: &mut impl Visit) {
        self.open(path).await;
        self.chrome.see(until).await;
        self.chrome.script(&format!("the pictures of {name}"), PICTURES).await;
        visit(self.chrome, name).await;
    }
}

/// A code for a display, as the administrator makes it.
pub fn code(station: &Station, name: &str) -> String {
    let said = succeed("gatepost", &["display", "token", "--data", &station.place().text("station"), "--name", name]);
    said.lines().find_map(|line| line.strip_prefix("code ")).unwrap().to_owned()
}

/// Makes the window a display, by the form that it is on.
pub async fn bind(station: &Station, chrome: &Chrome) {
    chrome.open(&format!("{}/traveller", station.place().address())).await;
    chrome.fill("#connect input[name=code]", &code(station, "tour")).await;
    chrome.click("#connect button").await;
    chrome.see("[data-screen]").await;
}
