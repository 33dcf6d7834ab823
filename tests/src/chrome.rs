//! A real Chromium, driven as a person does: what cannot be seen or clicked does not count.

use crate::place::{free_port, repository};
use crate::process::{Running, naming};
use crate::station::{client, provide_tls};
use crate::wait::until;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thirtyfour::prelude::*;

const CHROMIUM: &str = "/usr/bin/chromium";
const CHROMEDRIVER: &str = "/usr/bin/chromedriver";

/// How long a page may take to show something; a whole attempt at a finger fits in.
const PAGE: Duration = Duration::from_secs(30);

/// The Enter key (WebDriver, section 17.4.2).
pub const ENTER: &str = "\u{E007}";

/// The Backspace key.
pub const BACKSPACE: &str = "\u{E003}";

/// The Delete key.
pub const DELETE: &str = "\u{E017}";

/// The Escape key.
pub const ESCAPE: &str = "\u{E00C}";

/// The Tab key.
pub const TAB: &str = "\u{E004}";

/// The key of that name, which goes to the next choice of a list.
pub const DOWN: &str = "\u{E015}";

/// Before a key is pressed again that had no effect.
const AGAIN: Duration = Duration::from_secs(1);

/// Every rule of WCAG 2.2 AA that a program can judge; each serious or critical breach with the first places of it.
const RUN_AXE: &str = "
    const done = arguments[arguments.length - 1];
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const place = (node) => `${node.target} ${node.html.slice(0, 160)} ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`;
    axe.run(document, { runOnly: tags, resultTypes: ['violations'] }).then(
      (result) => done(result.violations.filter((found) => ['serious', 'critical'].includes(found.impact))
        .map((found) => `${found.id} (${found.impact}): ${found.nodes.slice(0, 4).map(place).join(' | ')}`)),
      (error) => done([`axe-core failed: ${error}`]));";

/// A browser window. Dropping it ends the browser with all its processes.
pub struct Chrome {
    // In this order: the window is closed, its driver killed, and what is left of the browser after both.
    window: WebDriver,
    _driver: Running,
    port: u16,
    _profile: Profile,
}

impl Chrome {
    /// Opens a window.
    ///
    /// # Panics
    /// When Chromium is not installed.
    pub async fn start() -> Self {
        provide_tls();
        for file in [CHROMIUM, CHROMEDRIVER] {
            assert!(PathBuf::from(file).exists(), "{file} is missing: `cargo xtask setup` installs it");
        }
        let profile = Profile(tempfile::Builder::new().prefix("gatepost-chromium").tempdir().unwrap());
        let port = free_port();
        let mut command = Command::new(CHROMEDRIVER);
        command.arg(format!("--port={port}"));
        let mut driver = Running::start(&mut command, &profile.0.path().join("chromedriver.log"));
        until("chromedriver", PAGE, async || {
            driver.must_run();
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(())
        })
        .await;
        let mut wishes = DesiredCapabilities::chrome();
        wishes.set_binary(CHROMIUM).unwrap();
        let folder = format!("--user-data-dir={}", profile.0.path().join("profile").display());
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            "--no-first-run",
            "--window-size=1280,1400",
            &folder,
        ] {
            wishes.add_arg(argument).unwrap();
        }
        let window = WebDriver::builder(format!("http://127.0.0.1:{port}"), wishes).request_timeout(PAGE * 2);
        Self { window: window.await.unwrap(), _driver: driver, port, _profile: profile }
    }

    /// Opens a page.
    pub async fn open(&self, address: &str) {
        self.window.goto(address).await.unwrap();
    }

    /// Waits until an element is visible, and gives its text.
    pub async fn see(&self, css: &str) -> String {
        until(&format!("{css} to be visible"), PAGE, async || {
            let element = self.visible(css).await?;
            element.text().await.ok()
        })
        .await
    }

    /// Clicks an element as soon as it can be clicked.
    pub async fn click(&self, css: &str) {
        // The script replaces parts of the page at any time: a click that came too late is made again.
        until(&format!("{css} to be clicked"), PAGE, async || {
            let element = self.visible(css).await?;
            element.click().await.ok()
        })
        .await;
    }

    /// Types into a field.
    pub async fn fill(&self, css: &str, text: &str) {
        until(&format!("{css} to take text"), PAGE, async || {
            let element = self.visible(css).await?;
            element.clear().await.ok()?;
            element.send_keys(text).await.ok()
        })
        .await;
    }

    /// Types or presses keys wherever the page has its focus.
    pub async fn press(&self, keys: &str) {
        self.window.action_chain().send_keys(keys).perform().await.unwrap();
    }

    /// What a reader at the keyboard types: faster than a driver's keys come on a busy machine, so by the page's own events.
    pub async fn scan(&self, lines: &[String]) {
        let script = "
            for (const key of arguments[0]) {
              const of = key === '\\n' ? { key: 'Enter', code: 'Enter' } : { key };
              document.body.dispatchEvent(new KeyboardEvent('keydown', { ...of, bubbles: true, cancelable: true }));
            }";
        self.window.execute(script, vec![Value::from(lines.join("\n"))]).await.unwrap();
    }

    /// Presses a key until the page is as this selector says. Keys that come too soon after a new screen do nothing, so
    /// that one pressed twice answers one screen.
    pub async fn press_until(&self, key: &str, css: &str) {
        let mut pressed: Option<Instant> = None;
        until(&format!("{css} after the key {key:?}"), PAGE, async || {
            if self.visible(css).await.is_some() {
                return Some(());
            }
            if pressed.is_none_or(|at| at.elapsed() > AGAIN) {
                self.press(key).await;
                pressed = Some(Instant::now());
            }
            None
        })
        .await;
    }

    /// Waits until a script gives something other than null or false.
    pub async fn script(&self, what: &str, script: &str) -> Value {
        until(what, PAGE, async || {
            let value = self.window.execute(script, Vec::new()).await.ok()?.json().clone();
            (!value.is_null() && value != Value::Bool(false)).then_some(value)
        })
        .await
    }

    /// Looks through a screen of this size in CSS pixels, with a finger instead of a mouse where `touch` says so.
    pub async fn size(&self, width: u32, height: u32, touch: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", metrics).await;
        let fingers = json!({ "enabled": touch, "maxTouchPoints": if touch { 5 } else { 1 } });
        self.tell("Emulation.setTouchEmulationEnabled", fingers).await;
    }

    /// An order of Chromium's own, which WebDriver does not have.
    async fn tell(&self, order: &str, params: Value) {
        let address = format!("http://127.0.0.1:{}/session/{}/goog/cdp/execute", self.port, self.window.session_id());
        let told = client().post(address).json(&json!({ "cmd": order, "params": params })).send().await.unwrap();
        assert!(told.status().is_success(), "{order}: {}", told.status());
    }

    /// What is on the screen, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.window.screenshot_as_png().await.unwrap()
    }

    /// Serious and critical barriers that axe-core finds on the page: rule, and where.
    pub async fn barriers(&self) -> Vec<String> {
        let axe = repository().join("target/axe/axe.min.js");
        let axe = fs::read_to_string(&axe)
            .unwrap_or_else(|error| panic!("{}: {error}: `cargo xtask setup --all` fetches it", axe.display()));
        self.window.execute(axe, Vec::new()).await.unwrap();
        let found = self.window.execute_async(RUN_AXE, Vec::new()).await.unwrap();
        serde_json::from_value(found.json().clone()).unwrap()
    }

    /// Presses a key with Control.
    pub async fn press_with_control(&self, key: &str) {
        let keys = self.window.action_chain().key_down(Key::Control).send_keys(key).key_up(Key::Control);
        keys.perform().await.unwrap();
    }

    /// Plugs in a security key that somebody touches whenever it asks (WebAuthn level 2, section 11): its name.
    pub async fn plug_in_a_key(&self) -> String {
        let kind = json!({ "protocol": "ctap2", "transport": "usb", "isUserConsenting": true });
        let address = self.authenticators();
        let answer: Value = client().post(address).json(&kind).send().await.unwrap().json().await.unwrap();
        answer["value"].as_str().unwrap_or_else(|| panic!("no virtual key: {answer}")).to_owned()
    }

    /// Takes a security key away.
    pub async fn unplug(&self, key: &str) {
        let gone = client().delete(format!("{}/{key}", self.authenticators())).send().await.unwrap();
        assert!(gone.status().is_success(), "{}", gone.status());
    }

    fn authenticators(&self) -> String {
        format!("http://127.0.0.1:{}/session/{}/webauthn/authenticator", self.port, self.window.session_id())
    }

    /// Closes the window in good order.
    pub async fn quit(self) {
        self.window.quit().await.unwrap();
    }

    async fn visible(&self, css: &str) -> Option<WebElement> {
        let element = self.window.find(By::Css(css)).await.ok()?;
        element.is_displayed().await.ok()?.then_some(element)
    }
}

/// The browser's own folder. Chromium's processes leave the group of their driver, and name this folder.
struct Profile(TempDir);

impl Drop for Profile {
    fn drop(&mut self) {
        for process in naming(self.0.path()) {
            if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended since.
                let _ = kill_process(process, Signal::KILL);
            }
        }
    }
}
