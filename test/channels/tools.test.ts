/** An agent's turn with tools: a scripted model, real servers of tools, real questions to a person, the real channel. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApprovalsDocument } from '../../src/contracts/approval-record.ts';
import type { ApprovalView } from '../../src/contracts/approvals.ts';
import { consentFor, toolActions } from '../../src/contracts/agent-tools.ts';
import type { ToolAction } from '../../src/contracts/agent-tools.ts';
import { AgentDraft, DEFAULT_SERVER_ID } from '../../src/contracts/channels.ts';
import type { MessageView } from '../../src/contracts/channels.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import { argumentsOf, createToolCallCollector } from '../../src/io/agents/tool-calls.ts';
import { createApprovals } from '../../src/runtime/approvals/approvals.ts';
import type { Approvals } from '../../src/runtime/approvals/approvals.ts';
import { openAudit } from '../../src/runtime/approvals/audit.ts';
import { MOST_ROUNDS } from '../../src/runtime/channels/answer.ts';
import { openChannels } from '../../src/runtime/channels/open.ts';
import type { OpenChannels } from '../../src/runtime/channels/open.ts';
import { openTestMcp } from '../mcp/harness.ts';
import type { TestMcp } from '../mcp/harness.ts';
import { memoryDocument } from '../support/memory-channels.ts';
import { memoryModel } from '../support/memory-views.ts';
import { startScriptedModel } from '../support/scripted-model.ts';
import type { ModelTurn, ScriptedModel } from '../support/scripted-model.ts';

const CHANNEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const READ = 'files__read_file';
const DELETE = 'files__delete_file';

let folder: string;
let mcp: TestMcp;
let approvals: Approvals;
let channels: OpenChannels;
let model: ScriptedModel;
let changes: DomainChange[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-tools-'));
  changes = [];
  mcp = await openTestMcp();
  await mcp.service.save('files', mcp.draft('good'), 'test');
  const publish = (change: DomainChange): void => void changes.push(change);
  approvals = createApprovals({
    store: memoryDocument<ApprovalsDocument>({ approvals: [], allowances: [] }),
    audit: await openAudit({ folder, onProblem: () => undefined }),
    hub: { publish },
    log: () => undefined,
    now: Date.now,
    newId: randomUUID,
  });
  channels = await openChannels({
    dataDir: folder,
    limits: () => ({ channels: 10, messages: 1000 }),
    answering: {
      models: () => [memoryModel('alpha.gguf')],
      find: () => memoryModel('alpha.gguf'),
      nearest: () => [],
      routerUrl: () => model.url,
      key: 'key',
    },
    tools: { servers: mcp.service, ask: (wish, asked) => approvals.ask(wish, { owner: 'shared', ...asked }) },
    publish,
    log: () => undefined,
    now: Date.now,
  });
});
afterEach(async () => {
  await channels.drain();
  await channels.close();
  await approvals.close();
  await model.close();
  await mcp.end();
  await rm(folder, { recursive: true, force: true });
});

type Tools = { tool: string; consent?: 'ask' | 'allow' | 'deny' }[];
const say = async (turns: readonly ModelTurn[], tools: Tools, over: Partial<AgentDraft> = {}): Promise<void> => {
  model = await startScriptedModel(turns);
  await channels.agents.save(null, AgentDraft.parse({ name: 'Ada', tools, ...over }), 'test');
  const summary = { serverId: DEFAULT_SERVER_ID, topic: '', metadata: {} };
  await channels.channels.create({ ...summary, channelId: CHANNEL, type: 'DM', agents: ['Ada'] });
  await again('Please.');
};
const again = (text: string) =>
  channels.channels.send({ channelId: CHANNEL, serverId: DEFAULT_SERVER_ID, text, entityId: 'ana' }, 'test');
const completions = (): number =>
  changes.filter((change) => change.kind === 'channel.told' && change.event === 'messageComplete').length;
/** What the agent said last, when its turn is over. */
const answered = async (nth = 1): Promise<MessageView> => {
  await vi.waitFor(() => expect(completions()).toBe(nth), 30_000);
  const { messages } = await channels.channels.page(CHANNEL, { limit: 10 });
  return messages.findLast(({ source }) => source === 'agent') as MessageView;
};
const actionsOf = (message: MessageView): ToolAction[] => toolActions(message.actions);
/** What a person is asked now: told when it can be answered. */
const question = async (): Promise<ApprovalView> => {
  const told = (): ApprovalView | undefined =>
    changes
      .flatMap((change) => (change.kind === 'approval' ? [change.approval] : []))
      .findLast(({ id }, _index, all) => all.every((one) => one.id !== id || one.status === 'pending'));
  await vi.waitFor(() => expect(told()).toBeDefined(), 20_000);
  return told() as ApprovalView;
};
const caller = { owner: 'shared', who: 'Ben', by: 'test' };
const notes = (): string[] =>
  changes.flatMap((change) => (change.kind === 'channel.turn' ? (change.turn.note ?? []) : []));
/** What the model was told of its calls. */
const told = (nth: number): unknown[] =>
  (model.asked[nth]?.messages ?? []).flatMap(({ role, content }) => (role === 'tool' ? [content] : []));
const reads = (at: string): ModelTurn => [{ tool: READ, args: { path: at } }];
const deletes: ModelTurn = [{ tool: DELETE, args: { path: 'a.txt' } }];

describe('an agent with tools', () => {
  it('calls an allowed one, is told what came of it, and answers', async () => {
    await say(
      [[{ content: 'I look.' }, { tool: READ, args: { path: 'a.txt' } }], [{ content: 'It is there.' }]],
      [{ tool: 'files/read_file', consent: 'allow' }],
    );
    const message = await answered();
    expect(message.text).toBe('I look.\n\nIt is there.');
    expect(message.actions[0]).toBe('REPLY');
    expect(actionsOf(message)).toEqual([
      {
        name: 'files/read_file',
        arguments: { path: 'a.txt' },
        status: 'done',
        result: 'The content of a.txt.',
        tookMs: expect.any(Number) as number,
      },
    ]);
    expect(model.asked[0]?.tools?.map((tool) => tool.function.name)).toEqual([READ]);
    expect(told(1)).toEqual(['The content of a.txt.']);
    expect(notes()).toEqual(expect.arrayContaining(['starts its tools: files', 'uses files/read_file']));
    expect(approvals.list('shared', 10)).toEqual([]);
  });

  it('asks a person and waits, which the channel shows; a yes lets it go on', async () => {
    await say([deletes, [{ content: 'Done.' }], deletes], [{ tool: 'files' }]);
    const asked = await question();
    expect(asked).toMatchObject({ title: 'Ada wants to use files/delete_file', rule: 'files/delete_file' });
    expect(asked.preview).toContain('a.txt');
    expect(channels.channels.turns(CHANNEL)[0]?.note).toBe('waits for a person’s consent to files/delete_file');
    expect(await mcp.noted()).not.toContain('deleted a.txt');
    await approvals.approve(asked.id, 'once', '', caller);
    expect(actionsOf(await answered())).toMatchObject([{ status: 'done', result: 'a.txt is gone.' }]);
    expect(await mcp.noted()).toContain('deleted a.txt');
    await again('And once more.');
    expect(await question()).not.toMatchObject({ id: asked.id });
  });

  it('is told the reason of a no', async () => {
    await say([deletes, [{ content: 'Understood.' }]], [{ tool: 'files' }]);
    await approvals.reject((await question()).id, 'That one is needed.', caller);
    const message = await answered();
    expect(actionsOf(message)).toMatchObject([{ status: 'rejected', result: 'That one is needed.' }]);
    expect(told(1)[0]).toContain('That one is needed.');
    expect(await mcp.noted()).not.toContain('deleted a.txt');
  });

  it('is not asked again in the same channel after an always', async () => {
    await say([deletes, [{ content: 'Done.' }], deletes, [{ content: 'Done again.' }]], [{ tool: 'files' }]);
    await approvals.approve((await question()).id, 'always', '', caller);
    await answered();
    await again('And once more.');
    expect((await answered(2)).text).toBe('Done again.');
    expect((await mcp.noted()).filter((line) => line === 'deleted a.txt')).toHaveLength(2);
    expect(approvals.list('shared', 10).map(({ decidedBy }) => decidedBy)).toEqual(['Ben', 'Ben']);
  });

  it('is neither offered nor given one that is denied', async () => {
    await say(
      [deletes, [{ content: 'I cannot.' }]],
      [
        { tool: 'files', consent: 'allow' },
        { tool: 'files/delete_*', consent: 'deny' },
      ],
    );
    expect(actionsOf(await answered())).toMatchObject([{ name: 'files/delete_file', status: 'denied' }]);
    const offered = model.asked[0]?.tools?.map((tool) => tool.function.name) ?? [];
    expect(offered).toContain(READ);
    expect(offered).not.toContain(DELETE);
    expect(await mcp.noted()).not.toContain('deleted a.txt');
  });

  it('may be trusted with what only reads, by its own word alone', async () => {
    await say([reads('a'), [{ content: 'Read.' }]], [{ tool: 'files' }], { trustReadOnly: true });
    expect(actionsOf(await answered())).toMatchObject([{ status: 'done' }]);
    expect(approvals.list('shared', 10)).toEqual([]);
  });

  it('hears of a tool that failed, of one that is not there, of arguments that are none, and of a server that ended', async () => {
    await say(
      [
        [{ tool: 'files__fail' }, { tool: 'files__nothing' }, { tool: READ, raw: '{"path": ' }],
        [{ tool: 'files__crash' }],
        [{ content: 'Oh well.' }],
      ],
      [{ tool: 'files', consent: 'allow' }],
    );
    const message = await answered();
    expect(message.text).toBe('Oh well.');
    expect(actionsOf(message).map(({ status }) => status)).toEqual(['failed', 'failed', 'failed', 'failed']);
    expect(told(1)).toEqual([
      'The tool failed: The disk is full.',
      expect.stringContaining('There is no tool files__nothing') as string,
      expect.stringContaining('no JSON object') as string,
    ]);
    expect(told(2)[3]).toContain('could not be used');
  });

  it('does not go on for ever', async () => {
    await say([reads('again')], [{ tool: 'files', consent: 'allow' }]);
    const message = await answered();
    expect(message.text).toContain(`${MOST_ROUNDS} times`);
    expect(message.metadata['failure']).toMatchObject({ code: 'TOOL_LOOP' });
    expect(actionsOf(message)).toHaveLength(MOST_ROUNDS);
    expect(model.asked.at(-1)?.tool_choice).toBe('none');
    expect(model.asked).toHaveLength(MOST_ROUNDS + 1);
  });

  it('is given a result that fits its context, and shows a part of it', async () => {
    await say([[{ tool: 'files__huge' }], [{ content: 'Much.' }]], [{ tool: 'files', consent: 'allow' }]);
    const [action] = actionsOf(await answered());
    expect(action?.result.length).toBeLessThanOrEqual(2000);
    const [result] = told(1) as string[];
    expect(result).toContain('[cut here');
    expect((result as string).length).toBeLessThan(4096 * 6);
  });

  it('is cancelled in the middle of a call, which the tool hears of and the channel is told', async () => {
    await say([[{ tool: 'files__slow' }]], [{ tool: 'files', consent: 'allow' }]);
    await vi.waitFor(async () => expect(await mcp.noted()).toContain('slow began'), 20_000);
    channels.channels.cancel(CHANNEL, null, 'test');
    const message = await answered();
    expect(actionsOf(message)).toMatchObject([{ name: 'files/slow', status: 'cancelled' }]);
    expect(message.metadata).toMatchObject({ incomplete: true });
    await vi.waitFor(async () => expect(await mcp.noted()).toContain('slow was cancelled'), 20_000);
  });

  it('is cancelled while a person is asked, and takes the question back', async () => {
    await say([deletes], [{ tool: 'files' }]);
    const { id } = await question();
    channels.channels.cancel(CHANNEL, null, 'test');
    expect(actionsOf(await answered())).toMatchObject([{ status: 'cancelled' }]);
    await vi.waitFor(() => expect(approvals.list('shared', 10)).toMatchObject([{ id, status: 'cancelled' }]), 20_000);
    expect(await mcp.noted()).not.toContain('deleted a.txt');
  });

  it('answers without the tools of a server that does not start, and says so', async () => {
    await mcp.service.save('files', mcp.draft('exit'), 'test');
    await say([[{ content: 'Without.' }]], [{ tool: 'files', consent: 'allow' }]);
    const message = await answered();
    expect(message.text).toBe('Without.');
    expect(actionsOf(message)).toMatchObject([{ name: 'files', status: 'failed' }]);
    expect(actionsOf(message)[0]?.result).toContain('The licence has expired.');
    expect(model.asked[0]?.tools).toBeUndefined();
  });

  it('ends in time while it waits for an answer that does not come', async () => {
    await say([deletes, [{ content: 'Nobody was there.' }]], [{ tool: 'files' }], { timeout: 4 });
    const message = await answered();
    expect(actionsOf(message)).toMatchObject([{ status: 'rejected', result: 'Nobody answered in time.' }]);
    expect(approvals.list('shared', 10)).toMatchObject([{ status: 'timed_out' }]);
  });
});

describe('rules', () => {
  const tool = (name: string, readOnly = false) => ({ server: 'files', name, readOnly });
  it.each<[Tools, string, boolean, string | null]>([
    [[], 'read', false, null],
    [[{ tool: 'other' }], 'read', false, null],
    [[{ tool: 'files' }], 'read', false, 'ask'],
    [[{ tool: '*' }], 'read', false, 'ask'],
    [[{ tool: 'fil*/re*' }], 'read', false, 'ask'],
    [[{ tool: 'files/read' }], 'write', false, null],
    [
      [
        { tool: 'files', consent: 'allow' },
        { tool: 'files/read', consent: 'deny' },
      ],
      'read',
      false,
      'deny',
    ],
    [
      [
        { tool: 'files/read', consent: 'deny' },
        { tool: 'files', consent: 'allow' },
      ],
      'read',
      false,
      'deny',
    ],
    [
      [
        { tool: 'files/r*d', consent: 'deny' },
        { tool: 'files/*', consent: 'allow' },
      ],
      'read',
      false,
      'deny',
    ],
    [[{ tool: 'files' }], 'read', true, 'allow'],
    [[{ tool: 'files', consent: 'ask' }], 'read', true, 'ask'],
    [[{ tool: 'files' }], 'write', true, 'ask'],
  ])('%j say of %s (trusted: %s) %s', (rules, name, trust, wanted) => {
    expect(consentFor(rules, tool(name, name === 'read'), trust)).toBe(wanted);
  });
});

describe('streamed calls', () => {
  it('are put together by their places, also without ids', () => {
    const collector = createToolCallCollector();
    collector.push([{ index: 1, function: { name: 'b', arguments: '{"x"' } }]);
    collector.push([{ index: 0, id: 'first', function: { name: 'a', arguments: '' } }]);
    collector.push([{ index: 1, function: { arguments: ':1}' } }, 'nonsense', { index: 2 }]);
    collector.push('nonsense');
    expect(collector.calls()).toEqual([
      { id: 'first', name: 'a', arguments: '' },
      { id: 'call_1', name: 'b', arguments: '{"x":1}' },
    ]);
    expect(collector.calls().map(argumentsOf)).toEqual([{}, { x: 1 }]);
    expect(['[1]', '3', 'null', '{'].map((text) => argumentsOf({ arguments: text }))).toEqual([null, null, null, null]);
  });
});
