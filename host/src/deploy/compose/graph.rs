//! The graph of a composition: one component, and others that satisfy imports of it.

use wac_graph::types::{ItemKind, Package, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

/// Why a composition cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum GraphError {
    /// The bytes are no component.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A component does not have the export that is to satisfy an import.
    #[error("it does not export `{export}`, which is to satisfy the import `{import}`")]
    NoExport {
        /// What should be there.
        export: String,
        /// What for.
        import: String,
        /// What is there.
        exports: Vec<String>,
    },
    /// The export is of another type than the import.
    #[error("its export does not fit the import `{import}`: {reason}")]
    Type {
        /// The import.
        import: String,
        /// In the words of wac-graph.
        reason: String,
    },
    /// The parts do not make a component.
    #[error("the parts do not fit together: {0}")]
    Encode(String),
}

impl GraphError {
    /// What was looked for by name, and what is there, if that is what is wrong.
    pub(super) fn nearest(&self) -> Option<(&str, &[String])> {
        match self {
            Self::NoExport {
                export, exports, ..
            } => Some((export, exports)),
            _ => None,
        }
    }
}

/// A component whose imports are being satisfied.
pub(super) struct Composition {
    graph: CompositionGraph,
    main: Part,
}

/// An instance of a component in the graph.
struct Part {
    world: WorldId,
    instance: NodeId,
}

impl Composition {
    /// The component `code` alone.
    pub(super) fn of(name: &str, code: Vec<u8>) -> Result<Self, GraphError> {
        let mut graph = CompositionGraph::new();
        let main = part(&mut graph, name, code)?;
        Ok(Self { graph, main })
    }

    /// What the component imports.
    pub(super) fn imports(&self) -> Vec<String> {
        let world = &self.graph.types()[self.main.world];
        world.imports.keys().cloned().collect()
    }

    /// Satisfies `imports` by the component `code`, each by the export of the same name, or all by
    /// `export`.
    pub(super) fn plug(
        &mut self,
        name: &str,
        code: Vec<u8>,
        imports: impl Iterator<Item = String>,
        export: Option<&str>,
    ) -> Result<(), GraphError> {
        // A name of its own, since the component may be called like one of its dependencies.
        let part = part(&mut self.graph, &format!("dependency {name}"), code)?;
        for import in imports {
            let export = export.unwrap_or(&import);
            self.export(&part, export)
                .ok_or_else(|| GraphError::NoExport {
                    export: export.to_owned(),
                    import: import.clone(),
                    exports: self.exports(&part),
                })?;
            let mismatch = |reason: String| GraphError::Type {
                import: import.clone(),
                reason,
            };
            let alias = self.graph.alias_instance_export(part.instance, export);
            let alias = alias.map_err(|error| mismatch(chain(&error)))?;
            let set = self
                .graph
                .set_instantiation_argument(self.main.instance, &import, alias);
            set.map_err(|error| mismatch(chain(&error)))?;
        }
        Ok(())
    }

    /// The whole as one component, which exports what the first did.
    pub(super) fn encode(mut self) -> Result<Vec<u8>, GraphError> {
        for export in self.exports(&self.main) {
            let alias = self
                .graph
                .alias_instance_export(self.main.instance, &export);
            let alias = alias.map_err(|error| GraphError::Encode(chain(&error)))?;
            let exported = self.graph.export(alias, &export);
            exported.map_err(|error| GraphError::Encode(chain(&error)))?;
        }
        let encoded = self.graph.encode(EncodeOptions::default());
        encoded.map_err(|error| GraphError::Encode(chain(&error)))
    }

    fn exports(&self, part: &Part) -> Vec<String> {
        let world = &self.graph.types()[part.world];
        world.exports.keys().cloned().collect()
    }

    fn export(&self, part: &Part, name: &str) -> Option<ItemKind> {
        self.graph.types()[part.world].exports.get(name).copied()
    }
}

fn part(graph: &mut CompositionGraph, name: &str, code: Vec<u8>) -> Result<Part, GraphError> {
    let package = Package::from_bytes(name, None, code, graph.types_mut())
        .map_err(|error| GraphError::Unreadable(format!("{error:#}")))?;
    let world = package.ty();
    let id = graph
        .register_package(package)
        .map_err(|error| GraphError::Unreadable(chain(&error)))?;
    Ok(Part {
        world,
        instance: graph.instantiate(id),
    })
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}
