/** The typed client library, published as `llamactor/client`; the CLI is built on it. */
export { connect, DEFAULT_URL } from './client.ts';
export type { CallOptions, ConnectionState, ConnectOptions, LiveSubscription, LlamactorClient } from './client.ts';
export { ServerUnreachableError } from './errors.ts';
export type { RunFollower } from '../contracts/follow-run.ts';
export type { OnChange, OnSnapshot } from './live.ts';
export { CodedError, ERRORS } from '../contracts/errors.ts';
export type { ErrorCode } from '../contracts/errors.ts';
export type { CommandInput, CommandName, CommandResult } from '../contracts/commands.ts';
export type { BroadcastData, BroadcastName } from '../contracts/events.ts';
export type * from '../contracts/downloads.ts';
export type * from '../contracts/runs.ts';
export type * from '../contracts/views.ts';
