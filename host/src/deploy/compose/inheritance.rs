//! What a dependency may use of what its parent may: nothing, unless the manifest says so.
//!
//! A composed component has one import of each name, so a dependency would get whatever its parent
//! was granted. The imports that it does not inherit are renamed in its code, so that they stay
//! apart; the host links the new names to functions that refuse ([`crate::engine::refusal`]).

use crate::capability::interfaces;
use crate::engine::refusal;
use crate::manifest::dependency::Inherit;
use std::borrow::Cow;
use wasm_encoder::reencode::{Error, ReencodeComponent as _, RoundtripReencoder};
use wasm_encoder::{Component, ComponentImportSection, RawSection};
use wasmparser::{ComponentImportSectionReader, Parser, Payload};

/// The component `code` with the imports renamed that it does not inherit.
pub(super) fn restrict(code: &[u8], inherit: &Inherit) -> Result<Vec<u8>, Error> {
    let mut restricted = Component::new();
    // Components and modules inside have imports of their own, which the outer ones satisfy.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(code) {
        let payload = payload?;
        match (&payload, payload.as_section()) {
            (Payload::ComponentImportSection(imports), _) if depth == 0 => {
                restricted.section(&renamed(imports.clone(), inherit)?);
            }
            (_, Some((id, range))) if depth == 0 => {
                let data = bytes(code, range).unwrap_or_default();
                restricted.section(&RawSection { id, data });
            }
            _ => {}
        }
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(restricted.finish())
}

fn bytes(code: &[u8], range: std::ops::Range<u64>) -> Option<&[u8]> {
    let (start, end) = (
        usize::try_from(range.start).ok()?,
        usize::try_from(range.end).ok()?,
    );
    code.get(start..end)
}

fn renamed(
    section: ComponentImportSectionReader<'_>,
    inherit: &Inherit,
) -> Result<ComponentImportSection, Error> {
    let mut imports = ComponentImportSection::new();
    for import in section {
        let import = import?;
        let mut name = wasm_encoder::ComponentExternName::from(import.name);
        if is_withheld(&name.name, inherit) {
            name.name = Cow::Owned(refusal::rename(&name.name));
        }
        imports.import(name, RoundtripReencoder.component_type_ref(import.ty)?);
    }
    Ok(imports)
}

fn is_withheld(import: &str, inherit: &Inherit) -> bool {
    let Some(key) = interfaces::inherited_as(import) else {
        return false;
    };
    match inherit {
        Inherit::Nothing => true,
        Inherit::Everything => false,
        Inherit::Only(keys) => keys.iter().all(|inherited| inherited.as_str() != key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{ComponentTypeRef, ComponentTypeSection, InstanceType};

    const IMPORTS: [&str; 3] = [
        "wasi:cli/stdout@0.2.0",
        "spin:key-value/key-value@3.0.0",
        "wasi:cli/environment@0.2.0",
    ];

    /// A component that imports empty instances, and has another inside that does so too.
    fn component(inner: Option<&[u8]>) -> Vec<u8> {
        let mut component = Component::new();
        let mut types = ComponentTypeSection::new();
        types.instance(&InstanceType::new());
        component.section(&types);
        let mut imports = ComponentImportSection::new();
        for name in IMPORTS {
            imports.import(name, ComponentTypeRef::Instance(0));
        }
        component.section(&imports);
        if let Some(data) = inner {
            component.section(&RawSection { id: 4, data });
        }
        component.finish()
    }

    fn imports(code: &[u8], inherit: &Inherit) -> Vec<String> {
        let restricted = restrict(code, inherit).unwrap();
        wasmparser::Validator::new()
            .validate_all(&restricted)
            .unwrap();
        let payloads = Parser::new(0).parse_all(&restricted);
        let sections = payloads.filter_map(|payload| match payload.unwrap() {
            Payload::ComponentImportSection(imports) => Some(imports),
            _ => None,
        });
        let names = sections
            .flatten()
            .map(|import| import.unwrap().name.name.to_owned());
        names.collect()
    }

    #[test]
    fn what_is_not_inherited_is_renamed_and_nothing_else() {
        let code = component(None);
        assert_eq!(
            imports(&code, &Inherit::Nothing),
            [
                "wasi:cli/stdout@0.2.0",
                "not-inherited-spin:key-value/key-value@3.0.0",
                "not-inherited-wasi:cli/environment@0.2.0",
            ]
        );
        assert_eq!(imports(&code, &Inherit::Everything), IMPORTS);
        assert_eq!(restrict(&code, &Inherit::Everything).unwrap(), code);
    }

    #[test]
    fn imports_of_components_inside_keep_their_names() {
        let code = component(Some(&component(None)));
        let names = imports(&code, &Inherit::Nothing);
        assert_eq!(names.len(), 6, "{names:?}");
        let kept = names
            .iter()
            .filter(|name| !name.starts_with("not-inherited-"));
        assert_eq!(kept.count(), 4, "{names:?}");
    }
}
