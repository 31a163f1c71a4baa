/**
 * A WGSL file, parsed: declarations by name, and their code split where a `Shader` may edit it. It is plain data: the
 * package carries it in place of the text, so that pages join pieces and never parse. Pages load these objects: what
 * says nothing (an empty list, `false`) is left out.
 */

/** An adapter's feature that a line is for; with `!`, the line is for adapters without it. */
export type Condition = string;

/** Code that a printed shader has as it stands, or as an edit makes it. */
export type Piece =
  | string
  /** The variable of an enclosing loop that may be unrolled. */
  | { readonly variable: string }
  /** A name of which a repeated shader has one for each tensor. */
  | { readonly own: string }
  /** The declaration of a function's array, which becomes plain variables where all its indices are constant. */
  | { readonly array: string; readonly of: string; readonly size: string }
  /** An element of such an array. */
  | { readonly element: string; readonly at: readonly Piece[] }
  /** Code for adapters that meet a condition. */
  | { readonly when: Condition; readonly code: readonly Piece[] }
  | Loop;

/** A loop from 0 to `count` that is unrolled: always, or, with a `feature`, where the shader is given that feature. */
export interface Loop {
  readonly loop: string;
  /** What a whole number of the variable's type ends in: "u", "i" or nothing. */
  readonly suffix: string;
  readonly count: string;
  readonly feature?: string;
  readonly code: readonly Piece[];
}

interface Named {
  readonly name: string;
  readonly when?: Condition;
  /** Functions, buffers and variables of the module that the declaration reads, with blanks between them. */
  readonly uses?: string;
}

/** A storage buffer of group 0. Those of a file stand in the order of their numbers. */
export interface BufferDeclaration extends Named {
  readonly kind: "buffer";
  readonly access: "read" | "read_write";
  readonly type: string;
  /** A repeated shader has one for each tensor. */
  readonly isOwn?: boolean;
}

/** A module-level constant, or a type's alias. */
export interface ConstantDeclaration extends Named {
  readonly kind: "const" | "alias";
  readonly type?: string;
  readonly value: string;
}

/** A function, a struct, a variable of the workgroup. */
export interface CodeDeclaration extends Named {
  readonly kind: "code";
  readonly code: readonly Piece[];
  /** True where a repeated shader has one for each tensor. */
  readonly isOwn?: boolean;
}

/** A compute entry point. */
export interface EntryDeclaration extends Named {
  readonly kind: "entry";
  /** The workgroup's size, as written. */
  readonly threads: string;
  readonly parameters?: readonly {
    readonly attribute: string;
    readonly name: string;
    readonly type: string;
    readonly when?: Condition;
  }[];
  readonly code: readonly Piece[];
}

/** `enable name;` */
export interface EnableDeclaration extends Named {
  readonly kind: "enable";
}

export type Declaration =
  | BufferDeclaration
  | ConstantDeclaration
  | CodeDeclaration
  | EntryDeclaration
  | EnableDeclaration;

/** A member of the struct `Params`, which every kernel reads as its uniform `params`. */
export interface ParamDeclaration {
  readonly name: string;
  readonly type: "u32" | "i32" | "f32";
  /** A repeated shader has one for each tensor. */
  readonly isOwn?: boolean;
}

/** A parsed file. */
export interface ShaderTemplate {
  /** In the struct's order; absent in a file that is put beside another, which has them. */
  readonly params?: readonly ParamDeclaration[];
  readonly declarations: readonly Declaration[];
}
