/** `import:*`: what other programs were told. */
import type { Handlers } from './caller.ts';

export const imports: Handlers<'import'> = {
  'import:llama-swap': async (services, payload, { by }) => ({
    report: await services.imports.llamaSwap(payload, by),
  }),
};
