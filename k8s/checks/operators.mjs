// Validates objects of the Prometheus operator and of cert-manager against their models.
//
// Usage: node operators.mjs NODE_FOLDER FILE...
//
// The models' own validation finds wrong values, but not misspelt fields; those the type checker
// finds, to which each object is given as a literal of the model's type. An object of a group that
// neither these models nor Kubernetes' own schemas know is an error: so this check and
// kubernetes-validate, which lets them pass, together see every object.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [node, ...files] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${node}/node_modules/${path}`));
const { parseAllDocuments } = (await load("yaml/dist/index.js")).default;
const models = {
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
  "cert-manager.io/v1": "@kubernetes-models/cert-manager/cert-manager.io/v1",
};
const problems = [];
const literals = [];

// Beside node_modules, where the type checker looks for the models.
const work = `${node}/objects`;
rmSync(work, { recursive: true, force: true });
mkdirSync(work);
for (const file of files) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    const object = document.toJS();
    const group = (object?.apiVersion ?? "").split("/")[0];
    if (!group.includes(".") || group.endsWith(".k8s.io")) continue;
    const name = `${basename(file, ".yaml")}-${object.kind}-${object.metadata?.name}`;
    try {
      const path = `${models[object.apiVersion]}/${object.kind}`;
      const model = (await load(`${path}.js`))[object.kind];
      new model(object).validate();
      const type = `import type { I${object.kind} as Type } from "${path}";`;
      const literal = `export const object: Type = ${JSON.stringify(object, null, 1)};`;
      literals.push(`${work}/${name}.ts`);
      writeFileSync(literals.at(-1), `${type}\n${literal}\n`);
    } catch (error) {
      problems.push(`${name}: ${error.message}`);
    }
  }
}
if (literals.length === 0) problems.push("there was no object to validate");
else {
  const tsc = `${node}/node_modules/typescript/bin/tsc`;
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"];
  const checked = spawnSync("node", [tsc, ...options, ...literals], { encoding: "utf8" });
  if (checked.status !== 0) problems.push(checked.stdout + checked.stderr);
}
if (problems.length > 0) console.log(problems.join("\n"));
process.exit(problems.length > 0 ? 1 : 0);
