//! Commands in running tasks.

use std::time::Duration;

use futures_util::StreamExt as _;
use nomad_client::{ExecEvent, ExecInput, ExecOutput};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::workload::{STAYS, TASK, allocation, job, purge, set, spec};
use crate::scenario::{Backend, Result, Stop, fail};
use crate::{ensure, ensure_eq, scenarios};

scenarios! { [Nomad] "nomad exec" {
    command, conversation, much_at_once, script_on_stdin, terminal, interrupt, refusals,
} }

/// A task that stays, and the allocation it runs in.
async fn task(backend: &Backend, name: &str) -> Result<(String, String)> {
    let id = backend.unique(name);
    let mut stays = spec(&id, "service", STAYS);
    set(&mut stays, "/TaskGroups/0/Tasks/0/Env", json!({"COLOUR": "light blue"}));
    backend.nomad.jobs().register(&job(stays)?).await?;
    let alloc = allocation(backend, &id, "running").await?;
    Ok((id, alloc))
}

async fn command(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "command").await?;
    let allocations = backend.nomad.allocations();
    let line = "echo out; echo err >&2; exit 3";
    let both = allocations.exec(&alloc, TASK, ["sh", "-c", line]).await?;
    ensure_eq!((&both.stdout[..], &both.stderr[..], both.exit_code), (&b"out\n"[..], &b"err\n"[..], 3));
    let good = allocations.exec(&alloc, TASK, ["true"]).await?;
    ensure_eq!((good.exit_code, good.stdout.len(), good.stderr.len()), (0, 0, 0));
    // It sees what its task sees.
    let seen =
        allocations.exec(&alloc, TASK, ["printenv", "COLOUR", "NOMAD_TASK_NAME", "NOMAD_JOB_ID"]).await?;
    ensure_eq!(String::from_utf8_lossy(&seen.stdout), format!("light blue\n{TASK}\n{id}\n"));
    // Arguments arrive as they are, not as a shell would take them apart.
    let words = allocations.exec(&alloc, TASK, ["echo", "a  b", "$COLOUR", "ü", ";"]).await?;
    ensure_eq!(String::from_utf8_lossy(&words.stdout), "a  b $COLOUR ü ;\n");
    let missing = allocations.exec(&alloc, TASK, ["sh", "-c", "no-such-command"]).await?;
    ensure_eq!(missing.exit_code, 127);
    ensure!(
        String::from_utf8_lossy(&missing.stderr).contains("not found"),
        "what is missing is not said: {missing:?}"
    );
    let file = allocations.exec(&alloc, TASK, ["cat", "/no/such/file"]).await?;
    ensure_eq!((file.exit_code, file.stdout.len()), (1, 0));
    purge(backend, &id).await
}

/// What comes next, within reason.
async fn next(backend: &Backend, output: &mut ExecOutput) -> Result<ExecEvent> {
    match tokio::time::timeout(backend.patience(), output.next()).await {
        Ok(Some(event)) => Ok(event?),
        Ok(None) => fail("the session is over"),
        Err(_) => fail("nothing came"),
    }
}

async fn write(input: &mut ExecInput, text: &str) -> Result {
    Ok(input.write_all(text.as_bytes()).await?)
}

async fn conversation(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "conversation").await?;
    let (mut input, mut output) = backend.nomad.allocations().exec(&alloc, TASK, ["cat"]).start().await?;
    for line in ["one\n", "zwei ü\n"] {
        write(&mut input, line).await?;
        ensure_eq!(next(backend, &mut output).await?, ExecEvent::Stdout(line.as_bytes().to_vec().into()));
    }
    ensure_eq!(output.exit_code(), None);
    input.shutdown().await?;
    ensure_eq!(next(backend, &mut output).await?, ExecEvent::Exited(0));
    ensure!(output.next().await.is_none(), "something comes after the end");
    ensure_eq!(output.exit_code(), Some(0));

    // More than one message and one buffer can hold, there and back.
    let line = "x".repeat(63) + "\n";
    let (mut input, mut output) = backend.nomad.allocations().exec(&alloc, TASK, ["cat"]).start().await?;
    let send = async {
        write(&mut input, &line.repeat(4096)).await?;
        input.shutdown().await?;
        Ok::<_, Stop>(())
    };
    let receive = async {
        let mut received = 0;
        loop {
            match next(backend, &mut output).await? {
                ExecEvent::Stdout(data) => received += data.len(),
                ExecEvent::Exited(code) => break Ok::<_, Stop>((received, code)),
                other => break fail(format!("unexpected: {other:?}")),
            }
        }
    };
    let (sent, received) = tokio::join!(send, receive);
    sent?;
    ensure_eq!(received?, (64 * 4096, 0));
    purge(backend, &id).await
}

/// More input than all buffers on the way hold, before any output is read.
async fn much_at_once(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "much").await?;
    let data: Vec<u8> = ("y".repeat(127) + "\n").repeat(8192).into_bytes();
    let input = std::io::Cursor::new(data.clone());
    let cat = backend.nomad.allocations().exec(&alloc, TASK, ["cat"]).stdin(input);
    let Ok(result) = tokio::time::timeout(backend.patience(), cat).await else {
        return fail("it does not end");
    };
    let result = result?;
    ensure_eq!((result.exit_code, result.stdout.len()), (0, data.len()));
    ensure!(result.stdout[..] == data[..], "something else came back");
    purge(backend, &id).await
}

async fn script_on_stdin(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "script").await?;
    let (mut input, mut output) = backend.nomad.allocations().exec(&alloc, TASK, ["/bin/sh"]).start().await?;
    write(&mut input, "echo \"it is $COLOUR\"\nfalse || echo but\nexit 7\n").await?;
    drop(input);
    let mut text = Vec::new();
    let code = loop {
        match next(backend, &mut output).await? {
            ExecEvent::Stdout(data) => text.extend_from_slice(&data),
            ExecEvent::Exited(code) => break code,
            other => return fail(format!("unexpected: {other:?}")),
        }
    };
    ensure_eq!((String::from_utf8_lossy(&text).as_ref(), code), ("it is light blue\nbut\n", 7));
    purge(backend, &id).await
}

async fn terminal(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "terminal").await?;
    let line = "read answer; stty size; echo \"$answer\" >&2; exit 4";
    let exec = backend.nomad.allocations().exec(&alloc, TASK, ["sh", "-c", line]).tty(true);
    let (mut input, mut output) = exec.start().await?;
    input.resize(33, 101).await?;
    write(&mut input, "yes\n").await?;
    let mut text = Vec::new();
    let code = loop {
        match next(backend, &mut output).await? {
            ExecEvent::Stdout(data) => text.extend_from_slice(&data),
            ExecEvent::Exited(code) => break code,
            other => return fail(format!("a terminal has one output: {other:?}")),
        }
    };
    // The terminal shows what is typed, and its errors among the rest.
    ensure_eq!((String::from_utf8_lossy(&text).as_ref(), code), ("yes\r\n33 101\r\nyes\r\n", 4));
    purge(backend, &id).await
}

async fn interrupt(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "interrupt").await?;
    let exec = backend.nomad.allocations().exec(&alloc, TASK, ["cat"]).tty(true);
    let (mut input, mut output) = exec.start().await?;
    write(&mut input, "x\n").await?;
    let mut text = Vec::new();
    // As typed, and as `cat` gives it back: from then on it runs.
    while text.len() < 6 {
        match next(backend, &mut output).await? {
            ExecEvent::Stdout(data) => text.extend_from_slice(&data),
            other => return fail(format!("unexpected: {other:?}")),
        }
    }
    write(&mut input, "\u{3}").await?;
    let code = loop {
        match next(backend, &mut output).await? {
            ExecEvent::Exited(code) => break code,
            ExecEvent::Stdout(data) => ensure_eq!(&data[..], b"^C"),
            other => return fail(format!("unexpected: {other:?}")),
        }
    };
    ensure_eq!(code, 130);
    purge(backend, &id).await
}

async fn refusals(backend: &Backend) -> Result {
    let (id, alloc) = task(backend, "refusals").await?;
    let done = backend.unique("done");
    backend.nomad.jobs().register(&job(spec(&done, "batch", "echo done"))?).await?;
    let over = allocation(backend, &done, "complete").await?;
    let nobody = backend.nomad_as(None)?;
    let nowhere = "00000000-0000-0000-0000-000000000000";
    for (nomad, alloc, task, command, wanted) in [
        (&backend.nomad, alloc.as_str(), TASK, "no-such-command", "executable file not found"),
        (&backend.nomad, &alloc, TASK, "/no/such/command", "no such file or directory"),
        (&backend.nomad, &alloc, "nope", "true", "task not found"),
        (&backend.nomad, nowhere, TASK, "true", "Unknown allocation"),
        (&backend.nomad, &over, TASK, "true", "is not running"),
        (&nobody, &alloc, TASK, "true", "Permission denied"),
    ] {
        match tokio::time::timeout(Duration::from_secs(20), nomad.allocations().exec(alloc, task, [command]))
            .await
        {
            Ok(Err(error)) => {
                let mut text = error.to_string();
                if let Some(cause) = std::error::Error::source(&error) {
                    text = format!("{text}: {cause}");
                }
                ensure!(text.contains(wanted), "`{command}` in `{task}` should say `{wanted}`: {text}");
            }
            Ok(Ok(ran)) => return fail(format!("`{command}` in `{task}` ran: {ran:?}")),
            Err(_) => return fail(format!("`{command}` in `{task}` gave no answer")),
        }
    }
    purge(backend, &id).await?;
    purge(backend, &done).await
}
