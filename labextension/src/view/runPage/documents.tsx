import type { TranslationBundle } from '@jupyterlab/translation';
import React, { memo, useCallback, useEffect, useRef, useState } from 'react';

import {
  parseDocument,
  WrongDocument,
  type Predictions,
  type Residuals,
  type RunDocument
} from '../../model/documents';
import { middlesOf, sum } from '../../model/documents';
import { shownName, sizeText } from '../../model/names';
import type { IRunPageModel } from '../../model/runPageTypes';
import type { MetricState } from '../../model/series';
import { Chart, type ChartHandle } from '../charts/chart';
import { colorOf } from '../charts/colors';
import { extentOf, padded, widened } from '../charts/extent';
import { compact } from '../charts/ticks';
import { AccuracyView } from './accuracyView';
import { Card, Trouble } from './card';
import { CHART_HEIGHTS } from './chartCard';
import { useAction, useNear } from './hooks';
import { MatrixView } from './matrixView';
import { SaveMenu } from './saveMenu';
import { Turn } from './tables';
import { useVersion } from './versions';

const MAX_DOCUMENT_BYTES = 5_000_000;

interface IDocumentCardProps {
  model: IRunPageModel;
  trans: TranslationBundle;
  metric: MetricState;
  pinned: readonly string[];
  size: keyof typeof CHART_HEIGHTS;
}

/** The newest document of a name; earlier ones are a click away. */
export const DocumentCard = memo(function DocumentCard(props: IDocumentCardProps): React.JSX.Element {
  const { model, trans, metric } = props;
  const place = useRef<HTMLDivElement>(null);
  const isNear = useNear(place);
  const [wasNear, setWasNear] = useState(false);
  const isWanted = isNear || wasNear;
  useEffect(() => {
    if (isNear) {
      setWasNear(true);
    }
  }, [isNear]);
  const { version, goTo, error } = useVersion(model, metric);
  const path = version?.path ?? null;
  const size = path === null ? undefined : model.artifacts.get(path)?.size_bytes;
  const { document, problem } = useDocument(props, version === null ? undefined : path, size, isWanted);
  const why = error ?? problem;
  const fileUrl =
    path === null ? undefined : model.client.fileUrl(model.workspace, model.runId, path, { download: true });
  const saving = useAction();
  const chart = useRef<ChartHandle | null>(null);
  const onReady = useCallback((made: ChartHandle | null) => {
    chart.current = made;
  }, []);
  const kind = kindText(metric, trans);
  return (
    <Card
      model={model}
      trans={trans}
      name={metric.name}
      note={metric.name.replaceAll('_', ' ').toLowerCase() === kind ? undefined : kind}
      isWide={
        document?.kind === 'accuracy_table' || (document?.kind === 'confusion_matrix' && document.labels.length > 4)
      }
      tools={
        <>
          {version !== null && version.total > 1 && (
            <>
              <Turn
                label={trans.__('The one before')}
                sign="‹"
                isOff={version.place === 0}
                onClick={() => goTo(version.place - 1)}
              />
              <span className="jp-AmlRunPage-note" role="status">
                {trans.__('%1 of %2', version.place + 1, version.total)}
              </span>
              <Turn
                label={trans.__('The one after')}
                sign="›"
                isOff={version.place >= version.total - 1}
                onClick={() => goTo(version.place + 1)}
              />
            </>
          )}
          {fileUrl !== undefined && hasOneChart(metric) && document !== null && (
            <SaveMenu
              chart={chart}
              name={metric.name}
              trans={trans}
              isBusy={saving.isBusy}
              run={saving.run}
              fileUrl={fileUrl}
            />
          )}
          {fileUrl !== undefined && !(hasOneChart(metric) && document !== null) && (
            <a
              className="jp-AmlRunPage-tool"
              href={fileUrl}
              download
              aria-label={trans.__('Save the file of %1', shownName(metric.name))}
              title={trans.__('Save the file')}
            >
              <span aria-hidden="true">↓</span>
            </a>
          )}
        </>
      }
    >
      <div ref={place} className="jp-AmlRunPage-document">
        {why !== null && <Trouble title={trans.__('This document cannot be shown')} why={why} />}
        {why === null && document !== null && (
          <DocumentView
            document={document}
            name={metric.name}
            trans={trans}
            height={CHART_HEIGHTS[props.size]}
            onReady={onReady}
          />
        )}
        {saving.problem !== null && <Trouble title={trans.__('It could not be saved')} why={saving.problem} />}
      </div>
    </Card>
  );
});

function useDocument(
  { model, trans, metric }: IDocumentCardProps,
  path: string | null | undefined,
  size: number | undefined,
  isWanted: boolean
): { document: RunDocument | null; problem: string | null } {
  const [found, setFound] = useState<{ document: RunDocument | null; problem: string | null }>({
    document: null,
    problem: null
  });
  useEffect(() => {
    if (!isWanted || path === undefined) {
      return;
    }
    let isOver = false;
    const read = async (): Promise<RunDocument> => {
      if (path === null) {
        throw new WrongDocument(trans.__('What was logged is no path of a file.'));
      }
      const text = await model.client.readText(
        model.client.fileUrl(model.workspace, model.runId, path),
        MAX_DOCUMENT_BYTES
      );
      if (size !== undefined && size > MAX_DOCUMENT_BYTES) {
        throw new WrongDocument(
          trans.__('The file is larger than %1, which is too much to show.', sizeText(MAX_DOCUMENT_BYTES))
        );
      }
      return parseDocument(metric.kind, text);
    };
    read().then(
      document => {
        if (!isOver) {
          setFound({ document, problem: null });
        }
      },
      (reason: unknown) => {
        if (!isOver) {
          setFound({ document: null, problem: reason instanceof Error ? reason.message : String(reason) });
        }
      }
    );
    return () => {
      isOver = true;
    };
  }, [model, metric.kind, path, size, isWanted]);
  return found;
}

function DocumentView(props: {
  document: RunDocument;
  name: string;
  trans: TranslationBundle;
  height: number;
  onReady: (chart: ChartHandle | null) => void;
}): React.JSX.Element {
  const { document, trans } = props;
  switch (document.kind) {
    case 'confusion_matrix':
      return <MatrixView matrix={document} name={shownName(props.name)} trans={trans} />;
    case 'accuracy_table':
      return <AccuracyView table={document} name={shownName(props.name)} trans={trans} height={props.height} />;
    case 'residuals':
      return <ResidualsView {...props} document={document} />;
    case 'predictions':
      return <PredictionsView {...props} document={document} />;
  }
}

interface IBinsProps<T> {
  document: T;
  name: string;
  trans: TranslationBundle;
  height: number;
  onReady: (chart: ChartHandle | null) => void;
}

function ResidualsView({ document, name, trans, height, onReady }: IBinsProps<Residuals>): React.JSX.Element {
  const { edges } = document;
  const counts = document.counts.map(count => (Number.isFinite(count) ? count : 0));
  const total = sum(counts);
  const middles = middlesOf(edges);
  const mean = sum(counts.map((count, place) => (count / total) * (middles[place] ?? 0)));
  const spread = Math.sqrt(sum(counts.map((count, place) => (count / total) * ((middles[place] ?? 0) - mean) ** 2)));
  const about = total > 0 ? trans.__('; about %1 ± %2', compact(mean, 3), compact(spread, 3)) : '';
  const highest = Math.max(...counts);
  return (
    <>
      <Chart
        series={[
          {
            key: 'count',
            label: trans.__('count'),
            color: colorOf(0),
            xs: [...edges],
            ys: [...counts, null],
            isBars: true
          }
        ]}
        xLabel={trans.__('residual')}
        yLabel={trans.__('count')}
        isLogX={false}
        isLogY={false}
        xKind="number"
        height={height}
        xRange={widened([edges[0] ?? 0, edges[edges.length - 1] ?? 1], false)}
        yRange={[0, highest > 0 ? highest * 1.05 : 1]}
        onReady={onReady}
        ariaLabel={trans.__('Histogram of the residuals %1', shownName(name))}
      />
      <div className="jp-AmlRunPage-note">
        {trans.__('%1 residuals in %2 bins', compact(total), counts.length)}
        {about}
      </div>
    </>
  );
}

function PredictionsView({ document, name, trans, height, onReady }: IBinsProps<Predictions>): React.JSX.Element {
  const { edges, averages, errors, counts } = document;
  const xs = middlesOf(edges);
  const ys = averages.map(orNull);
  const lows = averages.map((average, place) => orNull(average - Math.abs(errors[place] ?? 0)));
  const highs = averages.map((average, place) => orNull(average + Math.abs(errors[place] ?? 0)));
  const ends: [number, number] = [edges[0] ?? 0, edges[edges.length - 1] ?? 1];
  const seen = extentOf([...lows, ...highs, ...ys, ...ends], false) ?? ends;
  const known = counts.filter(count => Number.isFinite(count));
  return (
    <>
      <Chart
        series={[
          { key: 'perfect', label: trans.__('perfect'), color: colorOf(8), xs: ends, ys: ends, isDashed: true },
          { key: 'mean', label: trans.__('mean prediction'), color: colorOf(0), xs, ys, lows, highs }
        ]}
        xLabel={trans.__('true value')}
        yLabel={trans.__('predicted')}
        isLogX={false}
        isLogY={false}
        xKind="number"
        height={height}
        xRange={widened(ends, false)}
        yRange={padded(seen, false)}
        onReady={onReady}
        ariaLabel={trans.__('Predicted over true values of %1', shownName(name))}
      />
      <div className="jp-AmlRunPage-note">
        {trans.__('%1 predictions in %2 bins of the true value', compact(sum(known)), counts.length)}
        {'; '}
        {trans.__('band: mean ± error; dashed: a perfect prediction')}
      </div>
    </>
  );
}

/** Whether a document is drawn as one chart, which can be saved as a picture. */
function hasOneChart({ kind }: MetricState): boolean {
  return kind === 'residuals' || kind === 'predictions';
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function kindText(metric: MetricState, trans: TranslationBundle): string {
  switch (metric.kind) {
    case 'confusion_matrix':
      return trans.__('confusion matrix');
    case 'accuracy_table':
      return trans.__('accuracy table');
    case 'residuals':
      return trans.__('residuals');
    case 'predictions':
      return trans.__('predicted against true');
    case 'scalar':
    case 'row':
    case 'image':
      return ''; // these are no documents
  }
}
