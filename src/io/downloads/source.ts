/** What a person may write to name a model on the network. */
import { CodedError } from '../../contracts/errors.ts';

export interface HubSource {
  kind: 'hub';
  owner: string;
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  quant: string | null;
  /** Path of a file inside the repository. */
  file: string | null;
}
export type Source = HubSource | { kind: 'url'; url: URL };

/** Names as the hub allows them; nothing here can climb out of a folder. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$/;
const GGUF = /\.gguf$/i;
const SYNTAX = 'write hf:owner/repo, hf:owner/repo:Q4_K_M, or the address of a .gguf file';

const refuse = (sentence: string): never => {
  throw new CodedError('INVALID_PAYLOAD', sentence);
};

export const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(`"${text}" is no part of an address.`);
  }
};

const hubSource = (owner: string, repo: string, rest: string | null, revision = 'main'): HubSource => {
  if (!NAME.test(owner) || !NAME.test(repo)) refuse(`"${owner}/${repo}" is no name of a repository; ${SYNTAX}.`);
  const isFile = rest !== null && GGUF.test(rest);
  return { kind: 'hub', owner, repo, revision, quant: isFile ? null : rest, file: isFile ? rest : null };
};

/** A page or a file of the hub itself, whose hashes are known there; null for any other address. */
const hubPage = (url: URL, endpoint: URL): HubSource | null => {
  if (url.host !== endpoint.host) return null;
  const [owner, repo, verb, revision, ...path] = url.pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  if (owner === undefined || repo === undefined) return null;
  if (verb === undefined || (verb === 'tree' && path.length === 0)) return hubSource(owner, repo, null, revision);
  if ((verb !== 'resolve' && verb !== 'blob') || revision === undefined || path.length === 0) return null;
  return hubSource(owner, repo, path.join('/'), revision);
};

/**
 * Reads `hf:owner/repo`, `hf:owner/repo:QUANT`, `hf:owner/repo:path/file.gguf`, a page of the hub, or the address of a GGUF
 * file (https, or http on this machine). Throws INVALID_PAYLOAD with the right syntax.
 */
export const parseSource = (text: string, endpoint: URL): Source => {
  const hub = /^(?:hf|huggingface):(?:\/\/)?([^/:]+)\/([^/:]+)(?::(.+))?$/i.exec(text.trim());
  if (hub !== null) return hubSource(hub[1] ?? '', hub[2] ?? '', hub[3] ?? null);
  if (!/^https?:\/\//i.test(text.trim()) || !URL.canParse(text)) return refuse(`"${text}" names no model; ${SYNTAX}.`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    refuse('An address with a user name or password in it is not taken, because it would be stored and shown.');
  const page = hubPage(url, endpoint);
  if (page !== null) return page;
  if (url.protocol === 'http:' && !isLoopback(url))
    refuse(`${url.host} is only asked over https, because anybody on the way could change the file; write https://.`);
  if (!GGUF.test(url.pathname)) refuse(`${url.host}${url.pathname} is no GGUF file; ${SYNTAX}.`);
  url.hash = '';
  return { kind: 'url', url };
};

/** For people and logs: the query may hold a signature that lets whoever sees it fetch the file. */
export const shownSource = (text: string): string => text.replace(/\?.*$/s, '?…');
