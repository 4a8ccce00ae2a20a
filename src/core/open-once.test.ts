import { expect, test } from 'vitest';
import { openOnce } from './open-once.ts';

test('each name is opened once, and what could be opened is disposed of', async () => {
  const calls: string[] = [];
  const files = openOnce(async (name: string) => {
    calls.push(`open ${name}`);
    if (name === 'gone') throw new Error('gone');
    return { dispose: async () => void calls.push(`dispose ${name}`) };
  });
  const [first, again] = await Promise.all([files.open('a'), files.open('a')]);
  expect(again).toBe(first);
  await expect(files.open('gone')).rejects.toThrow('gone');
  await expect(files.open('gone')).rejects.toThrow('gone');
  await files.dispose();
  expect(calls).toEqual(['open a', 'open gone', 'dispose a']);
});
