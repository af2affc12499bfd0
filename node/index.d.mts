import dgram = require("./index.js");
export * from "./index.js";
export default dgram;
