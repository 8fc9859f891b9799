//! The attribute that makes a method an endpoint: `#[get("/v1/nodes", Stale, idempotent)]`.

use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, Ident, LitInt, LitStr, Path, Result, Token, Type};

/// An HTTP method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    List,
    Scan,
}

impl Verb {
    pub(super) fn of(attribute: &Attribute) -> Option<Self> {
        Some(match &*attribute.path().get_ident()?.to_string() {
            "get" => Self::Get,
            "head" => Self::Head,
            "post" => Self::Post,
            "put" => Self::Put,
            "patch" => Self::Patch,
            "delete" => Self::Delete,
            "list" => Self::List,
            "scan" => Self::Scan,
            _ => return None,
        })
    }

    pub(super) fn variant(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::Head => "Head",
            Self::Post => "Post",
            Self::Put => "Put",
            Self::Patch => "Patch",
            Self::Delete => "Delete",
            Self::List => "List",
            Self::Scan => "Scan",
        }
    }

    pub(super) fn wire(self) -> String {
        self.variant().to_uppercase()
    }
}

/// What reads the answer.
pub(super) enum Reader {
    Usual,
    With(Path),
    Pair(Box<(Expr, Expr)>),
}

/// The attribute, read.
pub(super) struct Endpoint {
    pub(super) verb: Verb,
    pub(super) path: LitStr,
    pub(super) name: Option<LitStr>,
    pub(super) capabilities: Vec<Ident>,
    pub(super) flags: Vec<Ident>,
    pub(super) own: bool,
    pub(super) answers: Option<Punctuated<LitInt, Token![,]>>,
    pub(super) reads: Option<Type>,
    pub(super) marker: Option<Type>,
    pub(super) reader: Reader,
    pub(super) arguments: Vec<(Ident, Expr)>,
}

const FLAGS: [&str; 6] =
    ["idempotent", "not_idempotent", "streaming", "enterprise", "root", "empty_if_missing"];

impl Endpoint {
    pub(super) fn parse(verb: Verb, attribute: &Attribute) -> Result<Self> {
        let tokens = attribute.meta.require_list()?.tokens.clone();
        (|input: ParseStream<'_>| Self::read(verb, input)).parse2(tokens)
    }

    fn read(verb: Verb, input: ParseStream<'_>) -> Result<Self> {
        let path: LitStr = input.parse()?;
        if !path.value().starts_with('/') {
            return Err(Error::new(path.span(), "a path begins with `/`"));
        }
        let mut endpoint = Self {
            verb,
            path,
            name: None,
            capabilities: Vec::new(),
            flags: Vec::new(),
            own: false,
            answers: None,
            reads: None,
            marker: None,
            reader: Reader::Usual,
            arguments: Vec::new(),
        };
        let (mut decode, mut recode) = (None, None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let word = input.call(Ident::parse_any)?;
            let text = word.unraw().to_string();
            if input.peek(Token![=]) {
                input.parse::<Token![=]>()?;
                match &*text {
                    "name" if input.peek(LitStr) => endpoint.name = Some(input.parse()?),
                    "reads" => endpoint.reads = Some(input.parse()?),
                    "marker" => endpoint.marker = Some(input.parse()?),
                    "with" => endpoint.reader = Reader::With(input.parse()?),
                    "decode" => decode = Some(input.parse()?),
                    "recode" => recode = Some((word, input.parse()?)),
                    _ => endpoint.arguments.push((word, input.parse()?)),
                }
            } else if text == "answers" {
                let statuses;
                syn::parenthesized!(statuses in input);
                endpoint.answers = Some(Punctuated::parse_terminated(&statuses)?);
            } else if text == "own" {
                endpoint.own = true;
            } else if FLAGS.contains(&&*text) {
                endpoint.flags.push(word);
            } else if text.starts_with(char::is_uppercase) {
                endpoint.capabilities.push(word);
            } else {
                let known = FLAGS.join("`, `");
                return Err(Error::new(word.span(), format!("unknown word; there are `own`, `{known}`")));
            }
        }
        match (decode, recode) {
            (Some(decode), Some((_, recode))) => endpoint.reader = Reader::Pair(Box::new((decode, recode))),
            (Some(decode), None) => return Err(Error::new_spanned(decode, "`decode` needs `recode`")),
            (None, Some((word, _))) => return Err(Error::new(word.span(), "`recode` needs `decode`")),
            (None, None) => {}
        }
        Ok(endpoint)
    }
}
