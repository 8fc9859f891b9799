//! Rules about images and what is started in them.

use super::{Block, Look, listed, rules};

rules! {
    BY_TAG = "image-by-tag" Some(17), Info,
        "name the image by digest (repo@sha256:…), and its registry's credentials in the clients' Docker configuration or in `auth` from Vault";
    LATEST = "image-latest" Some(51), Warning, "name a version, better a digest";
    NO_ENTRYPOINT = "args-without-entrypoint" Some(31), Warning,
        "say `entrypoint` (or `command`), and give the server --proxy-headers and --timeout-graceful-shutdown";
    CONFIG_UNREAD = "config-not-read" Some(52), Error,
        "point the program at it, such as args = [\"--config.file=/local/prometheus.yml\"], or mount it";
    PROMETHEUS = "prometheus-forgets" Some(55), Warning,
        "a volume for /prometheus, --storage.tsdb.retention.time, resources, and a service with a check";
    GRAFANA = "grafana-bare" Some(56), Warning,
        "a password from Vault (GF_SECURITY_ADMIN_PASSWORD__FILE), provisioned data sources and dashboards, a volume or a database";
}

pub(super) fn look(look: &Look<'_>, task: &Block) {
    let Some(config) = task.block("config") else { return };
    if !matches!(task.text("driver"), Some("docker" | "podman")) {
        return;
    }
    if let Some(image) = config.text("image") {
        pinned(look, config, image);
        if repository(image).ends_with("prom/prometheus") {
            prometheus(look, task, config);
        }
        if repository(image).contains("grafana/grafana") {
            grafana(look, task, config);
        }
    }
    started(look, config);
    unread(look, task, config);
}

/// An image's name without tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    }
}

fn pinned(look: &Look<'_>, config: &Block, image: &str) {
    let line = config.line_of("image");
    if image.contains("@sha256:") {
        return;
    }
    let name = repository(image);
    match image.strip_prefix(name).and_then(|tag| tag.strip_prefix(':')) {
        None if name.contains("${") => {
            look.found(&BY_TAG, line, format!("`{image}` is not known to be a digest"))
        }
        None | Some("latest") => look.found(&LATEST, line, format!("`{image}` is another image each day")),
        Some(_) => look.found(&BY_TAG, line, format!("a tag can be moved: `{image}`")),
    }
}

fn texts<'a>(config: &'a Block, name: &str) -> Vec<&'a str> {
    let values = config.get(name).and_then(|value| value.as_array());
    values.into_iter().flatten().filter_map(|value| value.as_str()).collect()
}

fn started(look: &Look<'_>, config: &Block) {
    let args = texts(config, "args");
    let told = config.attributes.contains_key("entrypoint") || config.attributes.contains_key("command");
    let programs =
        ["python", "python3", "node", "npm", "yarn", "uvicorn", "gunicorn", "sh", "bash", "java", "ruby"];
    let first = args.first().copied().unwrap_or_default();
    let mut wrong = Vec::new();
    if !told && (programs.contains(&first) || first.starts_with('/')) {
        wrong.push(format!(
            "`args` starts with the program `{first}`, which an image's ENTRYPOINT would get as an argument"
        ));
    }
    let server = args.iter().chain(&texts(config, "entrypoint")).any(|word| word.ends_with("uvicorn"));
    let missing: Vec<&str> = ["--proxy-headers", "--timeout-graceful-shutdown"]
        .into_iter()
        .filter(|flag| !args.iter().any(|word| word.starts_with(flag)))
        .collect();
    if server && !missing.is_empty() {
        wrong.push(format!("uvicorn without {}", listed(&missing)));
    }
    if !wrong.is_empty() {
        look.found(&NO_ENTRYPOINT, config.line_of("args"), wrong.join("; "));
    }
}

/// Whether a file names another one: by its folder, or beside itself.
fn names(data: &str, path: &str) -> bool {
    let folder = path.split('/').next().unwrap_or(path);
    ["/local", "{{ env \"NOMAD_TASK_DIR\" }}"].iter().any(|root| data.contains(&format!("{root}/{folder}")))
        || (folder == path && data.contains(path))
}

/// Whether a path is a folder that a file is in, at any depth.
fn names_folder_of(folder: &str, file: &str) -> bool {
    !folder.is_empty() && file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A file that is written and that nothing in the task names.
fn unread(look: &Look<'_>, task: &Block, config: &Block) {
    let env = task.map("env");
    for template in task.blocks("template") {
        let path = template.text("destination").unwrap_or_default();
        let path =
            path.trim_start_matches("${NOMAD_TASK_DIR}").trim_start_matches("local").trim_start_matches('/');
        let written = template.text("destination").unwrap_or_default();
        let local = written.starts_with("local/") || written.starts_with("${NOMAD_TASK_DIR}");
        let is_config = [".yml", ".yaml", ".toml", ".ini", ".conf", ".json", ".hcl"]
            .iter()
            .any(|end| path.ends_with(end));
        if !local || !is_config || template.flag("env") == Some(true) {
            continue;
        }
        // A folder or the file itself may be named.
        let folder = path.split('/').next().unwrap_or(path);
        let whole = ["/local", "${NOMAD_TASK_DIR}", "local"];
        // A volume has the folder before its colon, and then all that is in it.
        let mounted = |text: &str| {
            text.split(':').next().is_some_and(|from| {
                let from = from.trim_start_matches("./").trim_end_matches('/');
                whole.contains(&from) || names_folder_of(from, written)
            })
        };
        let named = config.texts().iter().any(|(text, _)| {
            text.contains(path) || text.contains(folder) || whole.contains(text) || mounted(text)
        }) || env.values().any(|value| value.as_str().is_some_and(|text| text.contains(folder)))
            || task.blocks("template").any(|other| {
                !std::ptr::eq(other, template) && other.text("data").is_some_and(|data| names(data, path))
            });
        if !named {
            let message =
                format!("`{written}` is written, and nothing tells the program in the container to read it");
            look.found(&CONFIG_UNREAD, template.line_of("destination"), message);
        }
    }
}

fn prometheus(look: &Look<'_>, task: &Block, config: &Block) {
    let mut missing = Vec::new();
    if task.block("volume_mount").is_none()
        && config.block("mount").is_none()
        && !config.attributes.contains_key("volumes")
    {
        missing.push("volume");
    }
    if !texts(config, "args").iter().any(|word| word.contains("storage.tsdb.retention")) {
        missing.push("retention");
    }
    if task.block("resources").is_none() {
        missing.push("resources");
    }
    let serves =
        look.group.is_some_and(|group| group.block("service").is_some()) || task.block("service").is_some();
    if !serves {
        missing.push("service");
    }
    if !missing.is_empty() {
        look.found(
            &PROMETHEUS,
            task.line,
            format!("no {}: what was measured goes with the allocation", listed(&missing)),
        );
    }
}

fn grafana(look: &Look<'_>, task: &Block, config: &Block) {
    let mut missing = Vec::new();
    let everything = task.texts();
    let says = |word: &str| {
        everything.iter().any(|(text, _)| text.contains(word))
            || task.map("env").keys().any(|name| name.contains(word))
    };
    if !says("GF_SECURITY_ADMIN_PASSWORD") && !says("admin_password") {
        missing.push("password but admin/admin");
    }
    if !says("provisioning") && !says("datasources") {
        missing.push("provisioned data source");
    }
    let kept = task.block("volume_mount").is_some()
        || config.attributes.contains_key("volumes")
        || says("GF_DATABASE_");
    // What is provisioned comes back by itself.
    if !(kept || says("provisioning") || says("datasources")) {
        missing.push("volume");
    }
    if !missing.is_empty() {
        look.found(&GRAFANA, task.line, format!("no {}", listed(&missing)));
    }
}
