// What `require("sluice/node")` gets: sluice/node waits for WebGPU before it is ready, which only import can.
throw new Error(
  'sluice/node is an ES module: write import "sluice/node", or await import("sluice/node"), instead of require',
);
