/** The contracts over the whole server with the real engine; test/contracts runs them at both paths. */
import { ackStyleSuite } from '../contracts/ack-style.suite.ts';
import { envelopeStyleSuite } from '../contracts/envelope-style.suite.ts';
import { startAppServer } from '../support/app-server.ts';

ackStyleSuite('the real engine', startAppServer, ['/llamaproxws']);
envelopeStyleSuite('the real engine', startAppServer, ['/llamaproxws']);
