/**
 * Files for sessions: `POST /api/sessions/files` takes one as the body (named by `?name=`) or several as multipart,
 * `GET` and `DELETE /api/sessions/files/<id>` are for whose they are.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import busboy from '@fastify/busboy';
import send from 'send';
import { approvalOwner } from '../commands/approvals.ts';
import { unexpected } from '../commands/errors.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import type { Services } from '../commands/services.ts';
import { CodedError } from '../contracts/errors.ts';
import type { Scope } from '../contracts/keys.ts';
import type { SessionFileView } from '../contracts/sessions.ts';
import { FILE_POLICY, answerJson, disposition, refuse } from './files.ts';
import { principalOf } from './ticket.ts';

export interface SessionFileRoutes {
  /** Whether a request is for here. */
  takes(request: IncomingMessage): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export interface SessionFileOptions {
  services: Services;
  access: Access;
  /** Who sent a request, by its headers. */
  identify(request: IncomingMessage): Principal | CodedError | Promise<Principal | CodedError>;
}

const ADDRESS = /^\/api\/sessions\/files(?:\/([^/]{1,128}))?$/;
const MOST_PARTS = 32;

const urlOf = (request: IncomingMessage): URL => new URL(request.url ?? '/', 'http://local');

/** The body apart from its request, so that one that is refused half-way still leaves a connection to answer on. */
const bodyOf = (request: IncomingMessage): Readable => {
  const body = new PassThrough();
  request.pipe(body);
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('the upload broke off'));
  });
  return body;
};

/** Hands each file of a form on, one after the other, as it comes. */
const eachPart = (request: IncomingMessage, take: (body: Readable, name: string) => Promise<void>): Promise<void> =>
  new Promise((resolve, reject) => {
    const bodies: Readable[] = [];
    const fail = (error: unknown): void => {
      request.unpipe();
      // What was read of them is then removed by whoever takes them.
      for (const body of bodies) if (!body.readableEnded) body.destroy(new Error('the form broke off'));
      reject(
        error instanceof CodedError
          ? error
          : new CodedError(
              'INVALID_PAYLOAD',
              `The form cannot be read: ${error instanceof Error ? error.message : ''}.`,
            ),
      );
    };
    let form: ReturnType<typeof busboy>;
    try {
      form = busboy({
        headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
        limits: { files: MOST_PARTS, fields: MOST_PARTS, fieldSize: 65_536, headerPairs: 100 },
      });
    } catch (error) {
      fail(error);
      return;
    }
    const taken: Promise<void>[] = [];
    form.on('file', (_field, body, name: string | undefined) => {
      bodies.push(body);
      const one = take(body, name ?? '');
      taken.push(one);
      one.catch(fail);
    });
    form.on('filesLimit', () => fail(new CodedError('INVALID_PAYLOAD', `Send at most ${MOST_PARTS} files at once.`)));
    form.on('error', fail);
    form.on('finish', () => {
      Promise.all(taken).then(() => resolve(), fail);
    });
    request.on('aborted', () => fail(new Error('it broke off')));
    request.pipe(form);
  });

export const sessionFileRoutes = ({ services, access, identify }: SessionFileOptions): SessionFileRoutes => {
  const shelf = services.sessionFiles;

  const ownerFor = async (request: IncomingMessage, scope: Scope): Promise<string> => {
    const principal = await principalOf(request, { services, identify });
    const refusal = access.refusal(principal, scope);
    if (refusal !== undefined) throw refusal;
    return approvalOwner(principal);
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const owner = await ownerFor(request, 'operate');
    // In the order in which they were sent, not in which they were kept.
    const pending: Promise<SessionFileView>[] = [];
    const take = async (body: Readable, name: string): Promise<void> => {
      const added = shelf.add(body, { name, owner });
      pending.push(added);
      await added;
    };
    try {
      if (/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')) {
        await eachPart(request, take);
        if (pending.length === 0) throw new CodedError('INVALID_PAYLOAD', 'There is no file in the form.');
      } else await take(bodyOf(request), urlOf(request).searchParams.get('name') ?? '');
    } catch (error) {
      // All of a request or nothing.
      for (const added of await Promise.allSettled(pending))
        if (added.status === 'fulfilled') await shelf.remove(added.value.fileId, owner);
      throw error;
    }
    const files = await Promise.all(pending);
    const [file] = files;
    answerJson(response, 201, { fileId: file?.fileId, file, files });
  };

  const serve = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    const owner = await ownerFor(request, 'observe');
    const file = shelf.find(id, owner);
    if (file === undefined) throw new CodedError('NOT_FOUND', 'There is no such file of yours.');
    const place = shelf.pathOf(id, owner);
    response.setHeader('Content-Type', file.kind === 'other' ? 'application/octet-stream' : file.contentType);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', FILE_POLICY);
    response.setHeader('Cache-Control', 'private, no-store');
    response.setHeader('Content-Disposition', disposition(file.fileName));
    send(request, `/${path.basename(place)}`, { root: path.dirname(place), cacheControl: false, index: false })
      .on('error', () => {
        for (const header of ['Content-Disposition', 'Cache-Control']) response.removeHeader(header);
        refuse(response, new CodedError('NOT_FOUND', 'This file is gone.'));
      })
      .pipe(response);
  };

  const work = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = ADDRESS.exec(urlOf(request).pathname)?.[1];
    const { method } = request;
    if (id === undefined && method === 'POST') return receive(request, response);
    if (id === undefined && method === 'GET') {
      const owner = await ownerFor(request, 'observe');
      return answerJson(response, 200, { files: shelf.list(owner) });
    }
    if (id !== undefined && (method === 'GET' || method === 'HEAD')) return serve(request, response, id);
    if (id !== undefined && method === 'DELETE') {
      await shelf.remove(id, await ownerFor(request, 'operate'));
      return answerJson(response, 200, { removedId: id });
    }
    throw new CodedError('NOT_FOUND', `There is no ${method} of a file.`);
  };

  return {
    takes: (request) => ADDRESS.test(urlOf(request).pathname),
    answer(request, response) {
      work(request, response).catch((error: unknown) => {
        // What is still to come is not waited for, but whoever sends it should read the answer.
        request.resume();
        if (request.destroyed && !request.complete) return response.destroy();
        return refuse(
          response,
          error instanceof CodedError ? error : unexpected(services, `${request.method} of a file`, error),
        );
      });
    },
  };
};
