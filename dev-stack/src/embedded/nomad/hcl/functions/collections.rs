//! Functions of lists, sets and maps.

use std::collections::BTreeMap;

use super::{Args, Val};
use crate::embedded::nomad::hcl::operators::equal;

type Answer = Result<Val, String>;

pub(super) fn call(name: &str, args: &Args<'_>) -> Option<Answer> {
    Some(match name {
        "chunklist" => chunks(args),
        "coalesce" => coalesce(args),
        "coalescelist" => args
            .all()
            .iter()
            .find(|a| a.items().is_some_and(|items| !items.is_empty()))
            .cloned()
            .ok_or_else(|| "no non-null arguments".to_owned()),
        "compact" => compact(args),
        "concat" => all_lists(args).map(|lists| Val::List(lists.concat())),
        "contains" => args.list(0).map(|items| items.iter().any(|i| equal(i, args.get(1))).into()),
        "distinct" => args.list(0).map(|items| {
            let mut out: Vec<Val> = Vec::new();
            for item in items {
                if !out.iter().any(|o| equal(o, item)) {
                    out.push(item.clone());
                }
            }
            Val::List(out)
        }),
        "element" => element(args),
        "flatten" => args.list(0).map(|items| Val::List(flat(items))),
        "index" => index(args),
        "keys" => match args.get(0) {
            Val::Map(map) => Ok(Val::List(map.keys().map(|k| k.as_str().into()).collect())),
            _ => Err("must have map or object type".to_owned()),
        },
        "values" => match args.get(0) {
            Val::Map(map) => Ok(Val::List(map.values().cloned().collect())),
            _ => Err("values() requires a map as the first argument".to_owned()),
        },
        "length" => match args.get(0) {
            Val::Map(map) => Ok(map.len().into()),
            other => match other.items() {
                Some(items) => Ok(items.len().into()),
                None => Err("collection must be a list, a map or a tuple".to_owned()),
            },
        },
        "lookup" => lookup(args),
        "merge" => merge(args),
        "setintersection" => all_lists(args).map(|lists| {
            let (first, rest) = lists.split_first().map_or((&[][..], &[][..]), |(f, r)| (*f, r));
            let everywhere = |item: &&Val| rest.iter().all(|l| l.iter().any(|i| equal(i, item)));
            Val::set(first.iter().filter(everywhere).cloned())
        }),
        "setunion" => all_lists(args).map(|lists| Val::set(lists.concat())),
        "setproduct" => product(args),
        "slice" => slice(args),
        "sort" => sort(args),
        "zipmap" => zipmap(args),
        _ => return None,
    })
}

fn all_lists<'a>(args: &Args<'a>) -> Result<Vec<&'a [Val]>, String> {
    args.0.iter().map(|a| a.items().ok_or_else(|| format!("list required, but have {}", a.kind()))).collect()
}

/// The first that is there; all become what they have in common.
fn coalesce(args: &Args<'_>) -> Answer {
    let there: Vec<&Val> = args.all().iter().filter(|a| !a.is_null()).collect();
    let first = *there.first().ok_or_else(|| "no non-null arguments".to_owned())?;
    let different = || "all arguments must have the same type".to_owned();
    if there.iter().all(|a| a.kind() == first.kind()) {
        return Ok(first.clone());
    }
    if !there.iter().any(|a| matches!(a, Val::Text(_))) || there.iter().any(|a| a.to_text().is_err()) {
        return Err(different());
    }
    first.to_text().map(Val::Text).map_err(|_| different())
}

fn chunks(args: &Args<'_>) -> Answer {
    let (items, size) = (args.list(0)?, args.whole(1)?);
    let size = usize::try_from(size).map_err(|_| "the size argument must be positive".to_owned())?;
    let size = if size == 0 { items.len().max(1) } else { size };
    Ok(Val::List(items.chunks(size).map(|chunk| Val::List(chunk.to_vec())).collect()))
}

fn compact(args: &Args<'_>) -> Answer {
    let mut out = Vec::new();
    for item in args.list(0)? {
        if !item.is_null() {
            let text = item.to_text()?;
            if !text.is_empty() {
                out.push(text.into());
            }
        }
    }
    Ok(Val::List(out))
}

fn element(args: &Args<'_>) -> Answer {
    let items = match args.get(0) {
        Val::List(items) => items,
        other => return Err(format!("cannot read elements from {}", other.kind())),
    };
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Err("cannot use element function with an empty list".to_owned());
    }
    let i = usize::try_from(args.whole(1)?.rem_euclid(count)).unwrap_or(0);
    Ok(items.get(i).cloned().unwrap_or(Val::Null))
}

fn flat(items: &[Val]) -> Vec<Val> {
    items
        .iter()
        .flat_map(|i| match i.items() {
            Some(inner) => flat(inner),
            None => vec![i.clone()],
        })
        .collect()
}

fn index(args: &Args<'_>) -> Answer {
    let found = match args.get(0) {
        Val::List(items) => {
            let i = args.whole(1).map_err(|_| "key for tuple must be number".to_owned())?;
            usize::try_from(i).ok().and_then(|i| items.get(i))
        }
        Val::Map(map) => map.get(&args.text(1)?),
        _ => return Err("collection must be a list, a map or a tuple".to_owned()),
    };
    found.cloned().ok_or_else(|| "invalid index".to_owned())
}

fn lookup(args: &Args<'_>) -> Answer {
    let Val::Map(map) = args.get(0) else {
        return Err("lookup() requires a map as the first argument".to_owned());
    };
    let key = args.text(1)?;
    map.get(&key)
        .or_else(|| args.all().get(2))
        .cloned()
        .ok_or_else(|| format!("the given object has no attribute {key:?}"))
}

fn merge(args: &Args<'_>) -> Answer {
    let mut out = BTreeMap::new();
    for a in args.all() {
        match a {
            Val::Map(map) => out.extend(map.clone()),
            Val::Null => {}
            other => return Err(format!("arguments must be maps or objects, got {:?}", other.kind())),
        }
    }
    Ok(Val::Map(out))
}

fn product(args: &Args<'_>) -> Answer {
    if args.all().len() < 2 {
        return Err("at least two arguments are required".to_owned());
    }
    let mut out: Vec<Vec<Val>> = vec![Vec::new()];
    for items in all_lists(args)? {
        let longer =
            |row: Vec<Val>| items.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect());
        out = out.into_iter().flat_map(longer).collect();
        if out.len() > 10_000 {
            return Err("more than 10000 combinations are not simulated by the embedded Nomad".to_owned());
        }
    }
    let rows = out.into_iter().map(Val::List);
    let sets = args.all().iter().all(|a| matches!(a, Val::Set(_)));
    Ok(if sets { Val::set(rows) } else { Val::List(rows.collect()) })
}

fn slice(args: &Args<'_>) -> Answer {
    let Val::List(items) = args.get(0) else { return Err("must be a list or tuple value".to_owned()) };
    let (from, to) = (args.whole(1)?, args.whole(2)?);
    let (from, to) = (usize::try_from(from).ok(), usize::try_from(to).ok());
    match (from, to) {
        (None, _) => Err("start index must not be less than zero".to_owned()),
        (_, None) => Err("end index must not be less than zero".to_owned()),
        (Some(f), _) if f > items.len() => {
            Err("start index must not be greater than the length of the list".to_owned())
        }
        (_, Some(t)) if t > items.len() => {
            Err("end index must not be greater than the length of the list".to_owned())
        }
        (Some(f), Some(t)) => match items.get(f..t) {
            Some(part) => Ok(Val::List(part.to_vec())),
            None => Err("start index must not be greater than end index".to_owned()),
        },
    }
}

fn sort(args: &Args<'_>) -> Answer {
    let mut texts = args.list(0)?.iter().map(Val::to_text).collect::<Result<Vec<_>, _>>()?;
    texts.sort();
    Ok(Val::List(texts.into_iter().map(Val::from).collect()))
}

fn zipmap(args: &Args<'_>) -> Answer {
    let (keys, values) = (args.list(0)?, args.list(1)?);
    if keys.len() != values.len() {
        return Err(format!(
            "number of keys ({}) does not match number of values ({})",
            keys.len(),
            values.len()
        ));
    }
    let pairs = keys.iter().zip(values).map(|(k, v)| Ok((k.to_text()?, v.clone())));
    Ok(Val::Map(pairs.collect::<Result<_, String>>()?))
}
