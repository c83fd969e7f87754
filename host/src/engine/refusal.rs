//! Functions that refuse, for what a dependency does not inherit.
//!
//! A dependency is composed into its parent and would share the parent's imports, and with them
//! all its grants. So the imports that it does not inherit are renamed when it is composed
//! ([`rename`]), and here every function of a renamed import is linked to one that refuses.
//!
//! It refuses in the words of the function's own type: an error with the first fitting case of
//! [`CASES`], an empty list, nothing. A function whose type has no such word ends the instance.
//! Limit: what such a call hands over is kept until the instance ends.

use super::state::InstanceState;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType, Type, Val};
use wasmtime::{Error, Result};

/// What a renamed import has in front of its namespace.
const PREFIX: &str = "not-inherited-";

/// Cases of errors that say so, the best first.
const CASES: [&str; 5] = [
    "access-denied",
    "HTTP-request-denied",
    "undefined",
    "upstream",
    "other",
];

/// What an error says beside its case.
const REASON: &str = "not inherited from the component that it is a dependency of";

/// The name of `import` for a dependency that does not inherit it.
pub fn rename(import: &str) -> String {
    format!("{PREFIX}{import}")
}

/// The name that an import had before it was renamed; none if it was not.
pub fn withheld(import: &str) -> Option<&str> {
    import.strip_prefix(PREFIX)
}

/// The name that an import has in the code of who imports it.
pub(super) fn original(import: &str) -> &str {
    withheld(import).unwrap_or(import)
}

/// A resource of which there is never one.
struct Refused;

/// `linker` with the renamed imports of `component`; none if it has none.
pub(super) fn link(
    linker: &Linker<InstanceState>,
    component: &Component,
) -> Result<Option<Linker<InstanceState>>> {
    let (engine, ty) = (component.engine(), component.component_type());
    let mut own = None;
    let mut elsewhere = Vec::new();
    for (name, import) in ty.imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        let refused = name.starts_with(PREFIX);
        for (item, export) in instance.exports(engine) {
            match export.ty {
                // One that another import has is only named again here.
                ComponentItem::Resource(ty) if !refused => elsewhere.push(ty),
                ComponentItem::Resource(ty) if !elsewhere.contains(&ty) => {
                    let linker = own.get_or_insert_with(|| linker.clone());
                    let ty = ResourceType::host::<Refused>();
                    linker.instance(name)?.resource(item, ty, |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(ty) if refused => {
                    let linker = own.get_or_insert_with(|| linker.clone());
                    function(&mut linker.instance(name)?, name, item, &ty)?;
                }
                _ => {}
            }
        }
    }
    Ok(own)
}

fn function(
    linker: &mut LinkerInstance<'_, InstanceState>,
    import: &str,
    name: &str,
    ty: &ComponentFunc,
) -> Result<()> {
    let called = format!("`{name}` of `{}`", original(import));
    if ty.async_() {
        linker.func_new_concurrent(name, move |_, ty, _, results| {
            let answered = answer(&called, &ty, results);
            Box::pin(async move { answered })
        })
    } else {
        linker.func_new(name, move |_, ty, _, results| answer(&called, &ty, results))
    }
}

fn answer(called: &str, ty: &ComponentFunc, results: &mut [Val]) -> Result<()> {
    let answer = ty.results().next().and_then(|ty| refusal(&ty));
    match (answer, results.first_mut()) {
        (Some(answer), Some(result)) => *result = answer,
        _ => return Err(Error::msg(format!("{called} is {REASON}"))),
    }
    Ok(())
}

fn refusal(ty: &Type) -> Option<Val> {
    match ty {
        Type::List(_) => Some(Val::List(Vec::new())),
        Type::Option(_) => Some(Val::Option(None)),
        Type::Result(ty) => Some(Val::Result(Err(Some(Box::new(error(&ty.err()?)?))))),
        _ => None,
    }
}

fn error(ty: &Type) -> Option<Val> {
    let Type::Variant(ty) = ty else { return None };
    let case = |wanted: &&str| ty.cases().find(|case| *case.name == **wanted);
    let case = CASES.iter().find_map(case)?;
    let reason = match case.ty {
        None => None,
        Some(Type::String) => Some(Box::new(Val::String(REASON.into()))),
        Some(_) => return None,
    };
    Some(Val::Variant(case.name.to_owned(), reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_import_is_one_of_another_namespace() {
        let renamed = rename("wasi:http/client@0.3.0");
        assert_eq!(renamed, "not-inherited-wasi:http/client@0.3.0");
        assert_eq!(original(&renamed), "wasi:http/client@0.3.0");
        assert_eq!(original("wasi:http/types@0.3.0"), "wasi:http/types@0.3.0");
    }
}
