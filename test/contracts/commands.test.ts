/** The command layer on its own: authorisation, words of errors, deferred starts. */
import { describe, expect, it } from 'vitest';
import { COMMANDS, COMMAND_NAMES } from '../../src/contracts/commands.ts';
import { CONFIG_KEYS, SETTINGS_KEYS } from '../../src/contracts/config.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import { begin } from '../../src/commands/begin.ts';
import { allowedBy } from '../../src/commands/describe-schema.ts';
import { checkedPatch } from '../../src/commands/patch.ts';
import { createRegistry } from '../../src/commands/registry.ts';
import type { Caller } from '../../src/commands/caller.ts';
import { createMemoryServices } from '../support/memory-services.ts';

const caller: Caller = { by: 'http', style: 'http' };

describe('the registry', () => {
  it('asks for authorisation with the command’s scope before it looks at the payload', async () => {
    const asked: string[] = [];
    const registry = createRegistry(createMemoryServices(), (_caller, scope, command) => {
      asked.push(`${command} ${scope}`);
      return scope === 'admin' ? new CodedError('FORBIDDEN', 'Not with this key.') : undefined;
    });
    for (const name of COMMAND_NAMES) {
      const outcome = await registry.execute(name, 'not an object', caller);
      expect(outcome.ok).toBe(false);
      const code = outcome.ok ? null : outcome.error.code;
      expect(code).toBe(COMMANDS[name].scope === 'admin' ? 'FORBIDDEN' : 'INVALID_PAYLOAD');
    }
    expect(asked).toHaveLength(COMMAND_NAMES.length);
  });

  it('answers in the same tick when the handler does', () => {
    const registry = createRegistry(createMemoryServices());
    expect(registry.execute('models:list', null, caller)).not.toBeInstanceOf(Promise);
    expect(registry.execute('models:load', { modelName: 'alpha' }, caller)).toBeInstanceOf(Promise);
  });

  it('keeps an answer an answer when even the log is broken', async () => {
    const services = createMemoryServices();
    services.system.info = () => {
      throw new Error('boom');
    };
    services.logs.write = () => {
      throw new Error('disk full');
    };
    const outcome = await createRegistry(services).execute('system:info', {}, caller);
    expect(outcome).toMatchObject({ ok: false, error: { code: 'INTERNAL' } });
  });
});

describe('begin', () => {
  it('passes on a refusal that is known at once', async () => {
    await expect(begin(Promise.reject(new CodedError('INVALID_STATE', 'No.')))).rejects.toThrow('No.');
  });
  it('does not wait for long work, and takes its later failure', async () => {
    let fail = (_error: Error): void => undefined;
    const work = new Promise<void>((_resolve, reject) => (fail = reject));
    await begin(work);
    fail(new Error('later'));
    await expect(work).rejects.toThrow('later');
  });
});

describe('words', () => {
  it('names the key a person meant, or all of them', () => {
    const refusal = (key: string): string => {
      try {
        checkedPatch('configuration', CONFIG_KEYS, {}, [[key, 1]]);
        return '';
      } catch (error) {
        return error instanceof CodedError ? error.message : '';
      }
    };
    expect(refusal('models_max')).toContain('The nearest is "modelsMax"');
    expect(refusal('prot')).toContain('The nearest is "port"');
    expect(refusal('qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq')).toContain('The keys are modelsDir, ');
    expect(refusal('toString')).toContain('There is no configuration key "toString"');
  });

  it('describes every key’s allowed values without its schema’s own jargon', () => {
    expect(allowedBy(CONFIG_KEYS.port.schema)).toBe('a whole number from 1 to 65535');
    expect(allowedBy(CONFIG_KEYS.threads.schema)).toBe('"auto" or a whole number from 1 to 1024');
    expect(allowedBy(CONFIG_KEYS.autoStart.schema)).toBe('true or false');
    expect(allowedBy(SETTINGS_KEYS.theme.schema)).toBe('one of "light", "dark", "system"');
    for (const { schema } of [...Object.values(CONFIG_KEYS), ...Object.values(SETTINGS_KEYS)]) {
      expect(allowedBy(schema)).not.toMatch(/undefined|a value/);
    }
  });
});
