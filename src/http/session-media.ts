/** Pictures and downloads of sessions at `/sessions/<id>/pictures|downloads/<name>`, for their owner alone. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import send from 'send';
import { approvalOwner } from '../commands/approvals.ts';
import { unexpected } from '../commands/errors.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import type { Services } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';
import { FILE_POLICY, disposition, refuse } from './files.ts';
import { principalOf } from './ticket.ts';

export interface SessionMediaRoutes {
  /** Whether a request is for here. */
  takes(request: IncomingMessage): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export interface SessionMediaOptions {
  services: Services;
  access: Access;
  /** Who sent a request, by its headers or the ticket in its address. */
  identify(request: IncomingMessage): Principal | CodedError | Promise<Principal | CodedError>;
}

const ADDRESS = /^\/sessions\/([\w-]{1,64})\/(pictures|downloads)\/([^/]{1,512})$/;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new CodedError('NOT_FOUND', 'There is no such file.');
  }
};

export const sessionMediaRoutes = ({ services, access, identify }: SessionMediaOptions): SessionMediaRoutes => {
  const addressOf = (request: IncomingMessage) => ADDRESS.exec(new URL(request.url ?? '/', 'http://local').pathname);

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, id = '', kind, name = ''] = addressOf(request) ?? [];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new CodedError('NOT_FOUND', `There is no ${request.method} of a session’s file.`);
    const principal = await principalOf(request, { services, identify });
    const refusal = access.refusal(principal, 'observe');
    if (refusal !== undefined) throw refusal;
    const isPicture = kind === 'pictures';
    const file = services.sessions.file(
      id,
      approvalOwner(principal),
      isPicture ? 'pictures' : 'downloads',
      decoded(name),
    );
    response.setHeader('Content-Type', isPicture ? file.contentType : 'application/octet-stream');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', FILE_POLICY);
    response.setHeader('Cache-Control', isPicture ? 'private, max-age=86400, immutable' : 'private, no-store');
    response.setHeader('Content-Disposition', isPicture ? 'inline' : disposition(file.name));
    send(request, `/${encodeURIComponent(path.basename(file.path))}`, {
      root: path.dirname(file.path),
      cacheControl: false,
      dotfiles: 'allow',
      index: false,
    })
      .on('error', () => {
        for (const header of ['Content-Disposition', 'Cache-Control']) response.removeHeader(header);
        refuse(response, new CodedError('NOT_FOUND', 'This file is gone.'));
      })
      .pipe(response);
  };

  return {
    takes: (request) => addressOf(request) !== null,
    answer(request, response) {
      serve(request, response).catch((error: unknown) => {
        request.resume();
        refuse(
          response,
          error instanceof CodedError ? error : unexpected(services, `${request.method} of a session’s file`, error),
        );
      });
    },
  };
};
