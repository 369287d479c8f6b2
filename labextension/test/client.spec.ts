import { ServerConnection } from '@jupyterlab/services';

import { ApiClient } from '../src/api/client';

const serverSettings = ServerConnection.makeSettings({ baseUrl: 'http://host/a%40b/' });
const client = new ApiClient({ serverSettings });

function pathOf(url: string): string {
  return new URL(url).pathname; // as the browser asks for it
}

describe('the address of a file', () => {
  const root = '/a%40b/aml-widgets/api/workspaces/w/runs/r/';

  it.each(['../../../../../../../logout', './x', 'a/../../b', '..', '%2e%2e/x', '//other/x', '\\..\\x'])(
    'stays below the run: %s',
    path => {
      expect(pathOf(client.fileUrl('w', 'r', path))).toMatch(new RegExp(`^${root}files/`));
      expect(pathOf(client.snapshotFileUrl('w', 'r', path))).toMatch(new RegExp(`^${root}snapshot/`));
    }
  );

  it('stays below the API whatever the workspace and the run are called', () => {
    expect(pathOf(client.zipUrl('..', '..', 'logs'))).toMatch(
      /^\/a%40b\/aml-widgets\/api\/workspaces\/[^/]+\/runs\/[^/]+\/zip$/
    );
  });

  it('can be made of any text', () => {
    expect(pathOf(client.fileUrl('w', 'r', 'a\ud800b/😀 ?#.png'))).toBe(
      `${root}files/a%EF%BF%BDb/%F0%9F%98%80%20%3F%23.png`
    );
  });
});
