// One implementation behind both module systems, so that an error of one is an error of the other.
export * from './index.js';
