import type { ServerResponse } from 'node:http';
import type { CheckedKey } from '../../contracts/keys.ts';
import type { Answer, AnswerSink } from '../answer.ts';
import { invalid } from '../failures.ts';
import type { Failure } from '../failures.ts';
import type { Lane } from '../lane.ts';
import { failureOf, isFields, parseJson, replyLater } from '../later.ts';
import type { ApiDeps } from '../api-deps.ts';
import type { Exchange, Prepared } from '../proxy-request.ts';
import { sendJson } from '../replies.ts';
import { UNLOAD_MS } from '../steering.ts';
import { ollamaDialect } from './dialect.ts';
import { engineTask } from './requests.ts';
import type { EngineTask, Kind } from './requests.ts';
import { emptyPiece } from './shapes.ts';
import { OllamaSink } from './sink.ts';

/** One Ollama request on its way through the engine's own API. */
export class OllamaExchange implements Exchange {
  /** The model as the client called it; empty until its body is read. */
  model = '';
  readonly #deps: ApiDeps;
  readonly #kind: Kind;
  readonly #res: ServerResponse;
  readonly #key: CheckedKey | null;
  readonly #arrived = performance.now();
  #task: EngineTask | null = null;

  constructor(deps: ApiDeps, kind: Kind, res: ServerResponse, key: CheckedKey | null) {
    this.#deps = deps;
    this.#kind = kind;
    this.#res = res;
    this.#key = key;
  }

  prepare(body: Buffer, lane: Lane): Prepared | Failure | null {
    const request = parseJson(body.toString('utf8'));
    if (!isFields(request)) return invalid('The body is not valid JSON. Send one JSON object.');
    this.model = typeof request['model'] === 'string' ? request['model'] : lane.route.id;
    try {
      this.#task = engineTask(this.#kind, request);
    } catch (error) {
      const cause = failureOf(error);
      if (cause) return cause;
      throw error;
    }
    const { does, path, body: wanted, streams } = this.#task;
    if (does === 'unload') {
      this.#unload(lane);
      return null;
    }
    if (does === 'load') return { method: 'GET', path, body: Buffer.alloc(0), streams };
    return { method: 'POST', path, body: Buffer.from(JSON.stringify({ model: lane.route.id, ...wanted })), streams };
  }

  sink(answer: Answer, lane: Lane): AnswerSink {
    const task = this.#task;
    if (!task) throw new Error('an answer to a request that was not prepared');
    const { id } = lane.route;
    const { keepSeconds } = task;
    return new OllamaSink({
      answer,
      kind: this.#kind,
      task,
      model: this.model,
      id,
      arrived: this.#arrived,
      // Not before the model is in use, or a wish to unload it when idle would come true at once.
      onBegin: () => {
        if (keepSeconds !== undefined) this.#deps.send({ type: 'keep', modelId: id, seconds: keepSeconds });
      },
    });
  }

  /** `ollama stop` is this request: somebody wants the memory back, but nobody's answer is cut for it. */
  #unload(lane: Lane): void {
    const { id } = lane.route;
    replyLater(this.#res, ollamaDialect, this.#deps, async () => {
      if (lane.isBusy) this.#deps.send({ type: 'keep', modelId: id, seconds: 0 });
      else await this.#deps.control.call('models:unload', { modelId: id }, UNLOAD_MS, this.#key);
      sendJson(this.#res, 200, { ...emptyPiece(this.#kind, this.model), done: true, done_reason: 'unload' });
    });
  }
}
