// The result of `require("sluice/node")`: the module waits for WebGPU before it is ready, so it cannot be required.
"use strict";
throw new Error("sluice/node is an ES module: use import instead of require, as in await import('sluice/node')");
