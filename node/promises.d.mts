import promises = require("./promises.js");
export * from "./promises.js";
export default promises;
