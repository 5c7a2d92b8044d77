/** Users' tokens: JSON Web Tokens (RFC 7519) with HMAC signatures, as any application that knows the secret can make them. */
import { errors, jwtVerify, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { CodedError } from '../../contracts/errors.ts';
import { SCOPES } from '../../contracts/keys.ts';
import type { Scope } from '../../contracts/keys.ts';
import { userId } from '../../contracts/users.ts';
import type { NewToken, User } from '../../contracts/users.ts';

/** Only these: a token must not choose "none", or a public key's algorithm, by its own header. */
const ALGORITHMS = ['HS256', 'HS384', 'HS512'];
/** A header's worth; longer text is not even looked at. */
const LONGEST_TOKEN = 8192;

export interface Tokens {
  /** Whose token that is. Rejects with UNAUTHORIZED and the reason. */
  verify(token: string): Promise<User>;
  /** Rejects with INVALID_PAYLOAD when it would have expired already. */
  sign(wanted: NewToken): Promise<{ token: string; user: User }>;
}

const refused = (why: string): CodedError => new CodedError('UNAUTHORIZED', why);

/** The claims of seed 003: `userId`, else `id`, else `sub`. */
const userIdOf = ({ userId: own, id, sub }: JWTPayload & { userId?: unknown; id?: unknown }): string => {
  const claim = own ?? id ?? sub;
  const parsed = userId.safeParse(typeof claim === 'number' ? String(claim) : claim);
  if (parsed.success) return parsed.data;
  throw refused('The token does not say whose it is: it needs a userId, id or sub.');
};

/** `scope` as OAuth writes it (RFC 8693, 4.2), or `scopes` as a list; words of other applications grant nothing. */
const scopesOf = ({ scope, scopes }: JWTPayload & { scope?: unknown; scopes?: unknown }): Scope[] | null => {
  const claim = scopes ?? scope;
  if (claim === undefined) return null;
  const words: unknown[] = typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  return SCOPES.filter((each) => words.includes(each));
};

const userOf = (claims: JWTPayload): User => ({
  userId: userIdOf(claims),
  email: typeof claims['email'] === 'string' && claims['email'] !== '' ? claims['email'].slice(0, 254) : null,
  scopes: scopesOf(claims),
  expiresAt: claims.exp === undefined ? null : claims.exp * 1000,
});

const reasonOf = (error: unknown): CodedError => {
  if (error instanceof CodedError) return error;
  if (error instanceof errors.JWTExpired) {
    const when = new Date((error.payload.exp ?? 0) * 1000).toISOString();
    return refused(`The token expired at ${when}: get a new one.`);
  }
  if (error instanceof errors.JWTClaimValidationFailed) return refused('The token is not valid yet.');
  return refused('The token is not valid here: its signature does not fit, or it is no JSON Web Token.');
};

export const createTokens = ({ secret, now }: { secret: string; now: () => number }): Tokens => {
  const key = new TextEncoder().encode(secret);
  return {
    async verify(token) {
      if (token.length > LONGEST_TOKEN) throw refused('The token is too long to be one.');
      try {
        const { payload } = await jwtVerify(token, key, { algorithms: ALGORITHMS, currentDate: new Date(now()) });
        return userOf(payload);
      } catch (error) {
        throw reasonOf(error);
      }
    },
    async sign({ userId: id, email, scopes, expiresAt }) {
      if (expiresAt !== null && expiresAt <= now())
        throw new CodedError('INVALID_PAYLOAD', 'Invalid expiresAt: the token would have expired already.');
      const claims = { userId: id, ...(email === null ? {} : { email }), scope: scopes.join(' ') };
      const unsigned = new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(id)
        .setIssuedAt(Math.floor(now() / 1000));
      // Whole seconds, and never later than what was asked for.
      const exp = expiresAt === null ? null : Math.floor(expiresAt / 1000);
      if (exp !== null) unsigned.setExpirationTime(exp);
      const user: User = { userId: id, email, scopes, expiresAt: exp === null ? null : exp * 1000 };
      return { token: await unsigned.sign(key), user };
    },
  };
};
