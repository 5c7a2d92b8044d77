#!/usr/bin/env node
/** A media tool whose faults a test chooses: `fake-media-tool <output> <fault> [text]`. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

// The smallest PNG there is: one transparent pixel.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
const [output, fault = 'none', text = ''] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const write = () => writeFileSync(output, text === '' ? Buffer.from(PNG, 'base64') : text);
const forever = () => setInterval(() => undefined, 1000);

say('stage drawing');
switch (fault) {
  case 'backwards':
    for (const percent of [10, 60, 30, 5, 80, 0, 100, 40]) {
      say(`progress ${percent}%`);
      await pause(130);
    }
    write();
    break;
  case 'no-output':
    process.stderr.write('nothing to draw\n');
    break;
  case 'crash':
    process.stderr.write('loading\rloading 50\rfailed: out of paint\n');
    process.exit(3);
    break;
  case 'stubborn':
    process.on('SIGTERM', () => say('no'));
    spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)'], { stdio: 'inherit' });
    say('progress 20%');
    forever();
    break;
  case 'endless':
    say('progress 20%');
    forever();
    break;
  case 'other-name':
    writeFileSync('found.bin', Buffer.from(PNG, 'base64'));
    break;
  default:
    say('progress 50%');
    write();
}
