/** Finding, probing and installing llama-server. */
export { debianSource } from './debian-source.ts';
export type { DebianOptions } from './debian-source.ts';
export { findEngine } from './find.ts';
export type { FindOptions } from './find.ts';
export { githubSource } from './github-source.ts';
export type { GithubOptions } from './github-source.ts';
export { installEngine } from './install.ts';
export type { InstallOptions } from './install.ts';
export { probeEngine } from './probe.ts';
export type { ProbeOptions } from './probe.ts';
export type { EngineInfo, EngineOrigin, EngineProgress, EngineSource } from './types.ts';
