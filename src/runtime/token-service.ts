/** Users' tokens of the running server: the secret they are signed with, and the log of those that were made. */
import type { Services } from '../commands/services.ts';
import type { LogLevel } from '../contracts/views.ts';
import { openTokenSecret, SAFE_LENGTH, secretOfEnvironment } from '../io/users/token-secret.ts';
import { createTokens } from '../io/users/tokens.ts';
import type { Tokens } from '../io/users/tokens.ts';

export type TokenService = Services['tokens'] & Pick<Tokens, 'verify'>;

/** Makes the data folder's secret when there is none and the environment has none. */
export const openTokenService = async (options: {
  dataDir: string;
  env: NodeJS.ProcessEnv;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): Promise<TokenService> => {
  const { dataDir, env, log, now } = options;
  const given = secretOfEnvironment(env);
  if (given !== null && given.length < SAFE_LENGTH)
    log(
      'warn',
      'server',
      `JWT_SECRET has ${given.length} characters, so that it can be guessed: use ${SAFE_LENGTH} or more, or unset it to have one made.`,
    );
  const tokens = createTokens({ secret: given ?? (await openTokenSecret(dataDir)), now });
  return {
    verify: tokens.verify,
    async create(wanted) {
      const made = await tokens.sign(wanted);
      log(
        'info',
        'server',
        `Made a token for ${JSON.stringify(wanted.userId)} with the scope ${wanted.scopes.join(', ')}.`,
      );
      return made;
    },
  };
};
