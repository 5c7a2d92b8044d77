/** `/mcp`: the tools of `llamactor mcp` over HTTP. Each request stands for itself, so that a restart interrupts nobody. */
import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { CodedError } from '../contracts/errors.ts';
import type { Access } from '../commands/access.ts';
import type { Registry } from '../commands/registry.ts';
import type { Services } from '../commands/services.ts';
import type { Call } from '../mcp/call.ts';
import { failureBody, refusalHeaders, statusOf } from './errors.ts';
import { admittedBy } from './guard.ts';

const MAX_BODY = 1024 * 1024;

export const serveMcp = (app: Hono, services: Services, registry: Registry, access: Access): void => {
  app.post('/mcp', bodyLimit({ maxSize: MAX_BODY }), async (context) => {
    const authorization = context.req.header('authorization');
    const admitted = await admittedBy({ authorization, 'x-api-key': context.req.header('x-api-key') }, access);
    if (admitted instanceof CodedError)
      return context.json(failureBody(admitted), statusOf(admitted), refusalHeaders(admitted));
    const { principal } = admitted;
    const call: Call = async (name, input) => {
      const outcome = await registry.execute(name, input, { by: 'http', style: 'http', principal });
      if (!outcome.ok) throw outcome.error;
      return outcome.result;
    };
    // Loaded at the first use: most servers are never asked this way.
    const [{ WebStandardStreamableHTTPServerTransport }, { createMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'),
      import('../mcp/server.ts'),
    ]);
    const transport = new WebStandardStreamableHTTPServerTransport();
    await createMcpServer(call, services.system.info().version).connect(transport);
    return transport.handleRequest(context.req.raw);
  });
  // Without sessions there is nothing to listen to and nothing to end.
  app.on(['GET', 'DELETE'], '/mcp', (context) => {
    const error = new CodedError('INVALID_STATE', 'This endpoint has no sessions; send each message with POST.');
    return context.json(failureBody(error), 405, { Allow: 'POST' });
  });
};
