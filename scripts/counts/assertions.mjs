// Counts type assertions by module of src.
import { isScript, moduleOf, syntaxOf, walk } from "./sources.mjs";

/** The number of assertions of each kind, by module. `doubled` (`x as unknown as Y`) also counts as two of `as`. */
export function assertions(files) {
  const counts = new Map();
  for (const file of files.filter(isScript)) {
    const module = moduleOf(file);
    const count = counts.get(module) ?? { as: 0, angle: 0, nonNull: 0, definite: 0, doubled: 0 };
    counts.set(module, count);
    walk(syntaxOf(file).program, (node) => {
      const kind = kindOf(node);
      if (kind === undefined) return;
      count[kind]++;
      if (kind === "as" && kindOf(node.expression) === "as") count.doubled++;
    });
  }
  return [...counts].map(([module, count]) => ({ module, ...count, all: count.as + count.angle + count.nonNull }));
}

function kindOf(node) {
  if (node.type === "TSAsExpression" && !isConst(node.typeAnnotation)) return "as";
  if (node.type === "TSTypeAssertion" && !isConst(node.typeAnnotation)) return "angle";
  if (node.type === "TSNonNullExpression") return "nonNull";
  if (node.definite === true) return "definite";
  return undefined;
}

const isConst = (type) => type.type === "TSTypeReference" && type.typeName.name === "const";
