//! Rules about WuffChat's own jobs.

use nomad_client::lint::{Block, Diagnostic};

use super::{declare, names_environment, prometheus};

declare! {
    KEY_NAME = "openai-key-name" Some(15), Warning,
        "write OPENAI_API_KEY, which OpenAI's libraries read, beside the name the application reads";
    SHARED_PATH = "secret-path-shared" Some(10), Warning,
        "<mount>/data/<environment>/<job>/…, so that one environment cannot read another's";
}

pub(super) fn look(root: &Block) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for template in root.all().into_iter().filter(|block| block.kind == "template") {
        let Some(attribute) = template.attributes.get("data") else { continue };
        let data = attribute.value.as_str().unwrap_or_default();
        let first = attribute.text_line();
        let at = |index: usize| {
            first.zip(u32::try_from(index).ok()).map(|(line, index)| line.saturating_add(index))
        };
        let names =
            |name: &str| data.lines().position(|line| line.trim_start().starts_with(&format!("{name}=")));
        if let (Some(index), None) = (names("OPENAI_APIKEY"), names("OPENAI_API_KEY")) {
            let message = "only OPENAI_APIKEY is set: OpenAI's libraries read OPENAI_API_KEY";
            found.push(KEY_NAME.found(at(index), message));
        }
        let shared = data.lines().enumerate().find_map(|(index, line)| {
            let path = line.split("secret \"").nth(1)?.split('"').next()?;
            (!names_environment(path)).then_some((index, path))
        });
        if let Some((index, path)) = shared {
            found.push(SHARED_PATH.found(at(index), format!("`{path}` is the same in every environment")));
        }
        if data.contains("scrape_configs:") || data.contains("\"scrape_configs\":") {
            let lines = first.map_or(0, |line| line.saturating_sub(1));
            let inside = prometheus::prometheus(data).into_iter();
            found.extend(inside.map(|inside| match first {
                Some(_) => inside.moved(lines),
                None => Diagnostic::without_line(inside),
            }));
        }
    }
    found
}
