/** The contracts over services in memory: the transports on their own. */
import { startTestServer } from '../support/server.ts';
import { ackStyleSuite } from './ack-style.suite.ts';
import { envelopeStyleSuite } from './envelope-style.suite.ts';

ackStyleSuite('memory', startTestServer);
envelopeStyleSuite('memory', startTestServer);
