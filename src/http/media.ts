/**
 * Files of media at `/media/<id>` and `/media/<id>/thumbnail`, and uploads as `POST /media`. Who may have what is decided by the
 * same commands that every other transport calls.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import send from 'send';
import { unexpected } from '../commands/errors.ts';
import { ownerOf } from '../commands/owner.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import type { Registry } from '../commands/registry.ts';
import type { Services } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';
import { kindOf } from '../contracts/media.ts';
import { answerJson, refuse } from './files.ts';
import { principalOf } from './ticket.ts';

export interface MediaRoutes {
  /** Whether a request is for here. */
  takes(request: IncomingMessage): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export interface MediaRouteOptions {
  services: Services;
  registry: Registry;
  access: Access;
  /** Who sent a request, by its headers. */
  identify(request: IncomingMessage): Principal | CodedError | Promise<Principal | CodedError>;
}

/** Nothing in a file runs in this server's name, whatever it says of itself; a browser may still play it on a page of its own. */
const FILE_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
const MOST_LABEL = 200;

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://local');

const contentType = (mime: string): string =>
  kindOf(mime) === 'text' && mime !== 'application/json' ? `${mime}; charset=utf-8` : mime;

/** What browsers show as what it is; anything else is only ever saved. */
const isShown = (mime: string): boolean => kindOf(mime) !== 'other';

export const mediaRoutes = (options: MediaRouteOptions): MediaRoutes => {
  const { services, registry, access } = options;

  const serve = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const [, id = '', thumbnail] = /^\/media\/([\w-]{1,64})(\/thumbnail)?$/.exec(url.pathname) ?? [];
    const principal = await principalOf(request, options);
    const outcome = await registry.execute(
      'media:get',
      { mediaId: id === '' ? url.pathname : id },
      { by: 'http', style: 'http', principal },
    );
    if (!outcome.ok) throw outcome.error;
    const file = services.media.file(id);
    const path = thumbnail === undefined ? (file?.path ?? null) : (file?.thumbnail ?? null);
    if (file === null || path === null)
      throw new CodedError('NOT_FOUND', `There is no ${thumbnail === undefined ? 'file' : 'thumbnail'} of ${id}.`);
    const mime = thumbnail === undefined ? file.mime : 'image/jpeg';
    const saved = url.searchParams.has('download') || !isShown(mime);
    response.setHeader('Content-Type', contentType(mime));
    response.setHeader('Content-Security-Policy', FILE_POLICY);
    response.setHeader('Cache-Control', 'private, max-age=3600');
    response.setHeader('Content-Disposition', saved ? `attachment; filename="${id}.${file.extension}"` : 'inline');
    send(request, path, { cacheControl: false, dotfiles: 'allow', index: false })
      .on('error', (error: { status?: number; headers?: Record<string, string> }) => {
        for (const name of ['Content-Disposition', 'Cache-Control']) response.removeHeader(name);
        if (error.status !== 416) return refuse(response, new CodedError('NOT_FOUND', `The file of ${id} is gone.`));
        // RFC 9110, section 15.5.17: the range is wrong, and the answer says what there is.
        response.removeHeader('Content-Type');
        response.writeHead(416, error.headers).end();
      })
      .pipe(response);
  };

  const receive = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const principal = await principalOf(request, options);
    const refusal = access.refusal(principal, 'operate');
    if (refusal !== undefined) throw refusal;
    const label = url.searchParams.get('label')?.trim().slice(0, MOST_LABEL) ?? '';
    const about = { owner: ownerOf(principal), label: label === '' ? null : label };
    const media = await services.media.upload(request, about, 'http');
    answerJson(response, 201, { mediaId: media.id, media });
  };

  return {
    takes: ({ method, url = '' }) => /^\/media\//.test(url) || (method === 'POST' && /^\/media(\?|$)/.test(url)),
    answer(request, response) {
      const url = urlOf(request);
      const work =
        request.method === 'POST' && url.pathname === '/media'
          ? receive(request, response, url)
          : request.method === 'GET' || request.method === 'HEAD'
            ? serve(request, response, url)
            : Promise.reject(new CodedError('NOT_FOUND', `There is no ${request.method} of media.`));
      work.catch((error: unknown) => {
        request.resume();
        refuse(
          response,
          error instanceof CodedError ? error : unexpected(services, `${request.method} ${url.pathname}`, error),
        );
      });
    },
  };
};
