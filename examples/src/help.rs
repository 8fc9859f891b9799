//! What every `--help` says in the same words.

use clap::{ArgAction, Command};

const EXIT_CODES: &str = "\
Exit codes, the same for all programs:
    0  done, or nothing to do         5  conflict, or superseded     9  preflight or secrets
    1  wrong use, or no answer        6  the release lock is held  130  interrupted
    2  placement failed               7  timeout, still running
    3  failed and reverted            8  ready for promotion
    4  failed, and not reverted      141  nobody reads the output any more";

/// A command with the default of each flag that is on or off, and with the exit codes.
pub(crate) fn complete(command: Command) -> Command {
    command.after_help(EXIT_CODES).mut_args(|argument| {
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        if matches!(argument.get_action(), ArgAction::SetTrue) && !help.contains("[default:") {
            argument.help(help + " [default: no]")
        } else {
            argument
        }
    })
}
